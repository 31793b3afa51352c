import { HoldfastError } from '../../../core/errors.js'
import { notMounted } from '../local-failure.js'

/** https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02#section-7 */
export const STATUS = {
  END_OF_FILE: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  UNSUPPORTED: 8,
} as const

/** Version 3 of the protocol has no words for these; some servers use those of later versions. */
const WRITE_PROTECTED = 12
const NO_SPACE = 14
const QUOTA_EXCEEDED = 15

/** What the server answered to a request. */
export class SftpFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof SftpFailure && statuses.includes(error.status)

export const isAbsence = (error: unknown): boolean => hasStatus(error, STATUS.NO_SUCH_FILE)

/** Absence is an answer. */
export const unlessAbsent = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (isAbsence(error)) return undefined
    throw error
  })

/** What the server could tell about the filesystem. */
export interface Filesystem {
  readonly freeBytes: number
  readonly isReadOnly: boolean
}

/** A filesystem with less room than this is full: what was in flight did not fit. */
const FULL_BELOW_BYTES = 8 * 1024 * 1024

interface Attempt {
  readonly destination: string
  /** `backup@vps.example.org:/backups` */
  readonly place: string
  readonly folder: string
  /** `write object "x" to`: reads on with the destination's name. */
  readonly doing: string
  /** Where a server only says "failure", this tells more. */
  readonly filesystem?: Filesystem | undefined
}

/** What an answer of the server means for a destination, and what to do. Anything else is returned as it is. */
export function explainSftp(error: unknown, attempt: Attempt): unknown {
  if (!(error instanceof SftpFailure)) return error
  const { destination, place, folder, filesystem } = attempt
  const failed = (code: 'full' | 'denied' | 'unavailable', why: string, hint: string) =>
    new HoldfastError(
      `destination.${code}`,
      `Could not ${attempt.doing} destination "${destination}" (${place}): ${why}.`,
      { hint, cause: error },
    )
  const cleanup = 'Make room there, or expire old backups with `holdfast backup cleanup`.'
  if (error.status === QUOTA_EXCEEDED || /quota/i.test(error.message))
    return failed('full', 'the quota is used up', cleanup)
  const isFull = filesystem !== undefined && filesystem.freeBytes < FULL_BELOW_BYTES
  if (error.status === NO_SPACE || /no space/i.test(error.message))
    return failed('full', 'the disk is full', cleanup)
  if (error.status === WRITE_PROTECTED || filesystem?.isReadOnly === true)
    return failed('denied', 'it is mounted read-only', 'Mount it for writing on the server.')
  if (error.status === STATUS.FAILURE && isFull) return failed('full', 'the disk is full', cleanup)
  if (error.status === STATUS.PERMISSION_DENIED)
    return failed('denied', 'permission denied', `Let the user of the server write to ${folder} there.`)
  if (error.status === STATUS.NO_SUCH_FILE) return notMounted(destination, folder, error)
  return failed(
    'unavailable',
    `the server said "${printable(error.message)}" and nothing more`,
    'SFTP has no words for most causes: look for a quota that is used up, a failing disk, and into the log of the server.',
  )
}

const MAX_SERVER_WORDS = 200

/** Texts of a server end up in terminals. */
export const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_SERVER_WORDS)
