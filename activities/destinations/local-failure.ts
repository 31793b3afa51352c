import { HoldfastError } from '../../core/errors.js'

interface Attempt {
  readonly destination: string
  readonly root: string
  /** `write object "x" to`: reads on with the destination's name. */
  readonly doing: string
}

/** What a failed file operation means for a destination, and what to do. Anything else is returned as it is. */
export function explainFile(error: unknown, attempt: Attempt): unknown {
  if (error instanceof HoldfastError) return error
  const { destination, root } = attempt
  const message = (why: string) =>
    `Could not ${attempt.doing} destination "${destination}" (${root}): ${why}.`
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) {
    const why = hasCode(error, 'ENOSPC') ? 'the disk is full' : 'the quota is used up'
    return new HoldfastError('destination.full', message(why), {
      hint: `Make room at ${root}, or expire old backups with \`holdfast backup cleanup\`.`,
      cause: error,
    })
  }
  if (hasCode(error, 'EROFS')) {
    return new HoldfastError('destination.denied', message('it is mounted read-only'), {
      hint: `Mount it for writing; after an error a disk is often made read-only: look into \`dmesg\`.`,
      cause: error,
    })
  }
  if (hasCode(error, 'EACCES', 'EPERM')) {
    return new HoldfastError('destination.denied', message('permission denied'), {
      hint: `Let the user of the Holdfast worker write there: \`chown\` or \`chmod\` ${root}.`,
      cause: error,
    })
  }
  if (hasCode(error, 'ENOENT')) return notMounted(destination, root, error)
  const code = (error as NodeJS.ErrnoException).code
  if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) {
    return new HoldfastError('destination.unavailable', message(code), {
      hint: 'Check that the disk or network mount works.',
      cause: error,
    })
  }
  return error
}

export const notMounted = (destination: string, folder: string, cause?: unknown): HoldfastError =>
  new HoldfastError(
    'destination.not-mounted',
    `Destination "${destination}": folder ${folder} does not exist.`,
    {
      hint: `Is its disk mounted? If the place is new, create it: mkdir -p ${folder}`,
      ...(cause === undefined ? {} : { cause }),
    },
  )

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')

export const isAbsence = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR')

/** For `catch`: absence is an answer. */
export const unlessAbsent = (error: unknown): undefined => {
  if (!isAbsence(error)) throw error
}
