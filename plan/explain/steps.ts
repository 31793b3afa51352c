import { stopOrder } from '../../core/hold-order.js'
import type { BackupJob, NamedSource, PlannedHold, SourceSet } from '../../core/job.js'
import { selectorInWords } from '../../core/selectors.js'
import type { CompiledPlan } from '../compile.js'
import { durationInWords, listInWords } from '../words.js'

/** What a run does, one step after another, each in a sentence or several. */
export function stepsOf({ job, isSpooled }: CompiledPlan): readonly string[] {
  const [first = '', ...others] = job.destinations
  const spooledFor = isSpooled ? first : undefined
  return [
    `Checks tools, rights, space and the ${others.length === 0 ? 'destination' : 'destinations'}, before anything stops.`,
    ...job.sets.flatMap((set, index) =>
      setSteps(set, index === 0 && job.sets.some(({ hold }) => hold !== undefined), spooledFor),
    ),
    `Stores it at ${first}, ${compressionInWords(job)}, ${encryptionInWords(job)}, with the manifest last.`,
    ...(job.verifyAfter === undefined ? [] : [VERIFIES[job.verifyAfter]]),
    ...copySteps(others),
    `The ${others.length === 0 ? 'whole run' : 'run up to its copies'} may take ${durationInWords(job.timeoutMs)}; a set that fails is tried ${attemptsInWords(job.attempts)}.`,
  ]
}

/** Whatever became of the copies, the backup stands. */
const copySteps = (others: readonly string[]): readonly string[] =>
  others.length === 0
    ? []
    : [
        `Copies it, as it is stored, to ${listInWords(others)}, while everything runs again, and whatever earlier backups are missing there. A copy that cannot be made makes the run partial; the next run makes it.`,
      ]

const VERIFIES = {
  readBack: 'Reads it back, looks into archives, dumps and databases, and compares every byte.',
  checksum: 'Reads the stored bytes back and compares them with their digests.',
} as const

function setSteps(
  { hold, sources }: SourceSet,
  isFirst: boolean,
  spooledFor: string | undefined,
): readonly string[] {
  const what = listInWords(sources.map(sourceInWords))
  if (hold === undefined)
    return [`Reads ${what}${isFirst ? ', before anything stops' : ', while everything runs'}.`]
  const together = sources.length > 1 ? ' They are one consistent set.' : ''
  const stop = stopSentence(hold)
  const start = startSentence(hold)
  if (spooledFor === undefined) return [stop, `Reads ${what} meanwhile.${together}`, start]
  return [
    stop,
    `Reads ${what} meanwhile, into the spool of the host.${together}`,
    start,
    `Uploads it from the spool to ${spooledFor}. Where the spool has no room, the services stay down until ${spooledFor} has everything; the run says so before anything stops.`,
  ]
}

function stopSentence(hold: PlannedHold): string {
  const { services, mode, maxDowntimeMs, stopTimeoutMs, onInconsistent } = hold
  const verb = mode === 'pause' ? 'Pauses' : 'Stops'
  const patience = mode === 'pause' ? '' : ` Each has ${durationInWords(stopTimeoutMs)} to stop by itself.`
  const late = onInconsistent === 'fail' ? 'the run fails' : 'the backup is marked inconsistent'
  const order = services.length > 1 || typeof services[0] !== 'string' ? HOST_DECIDES : ''
  return `${verb} ${orderOf(hold).join(', then ')}, for ${durationInWords(maxDowntimeMs)} at most; beyond that they come back whatever happens, and ${late}.${patience}${order}`
}

/** What can be known without the host: what the plan says. */
export const orderOf = ({ services, after = {} }: PlannedHold): readonly string[] =>
  stopOrder(services.map(selectorInWords), new Map(Object.entries(after))).services

const HOST_DECIDES =
  ' The host knows the rest of the order: whatever needs another there stops before it, and starts after it.'

function startSentence(hold: PlannedHold): string {
  const { mode, healthyWithinMs } = hold
  const verb = mode === 'pause' ? 'Resumes' : 'Starts'
  const order = [...orderOf(hold)].reverse().join(', then ')
  return `${verb} ${order} again, if it ran before, and expects it to be well within ${durationInWords(healthyWithinMs)}.`
}

function sourceInWords({ name, source }: NamedSource): string {
  switch (source.type) {
    case 'files':
      return `${name} (files: ${source.paths.join(', ')}${excluded(source.exclude)})`
    case 'volume':
      return `${name} (Docker volume ${source.volume}${excluded(source.exclude)})`
    case 'sqlite':
      return `${name} (SQLite: ${source.paths.join(', ')})`
    case 'postgres':
    case 'mysql': {
      const databases = source.database === undefined ? 'all databases' : `database ${source.database}`
      const server = source.in ?? source.connection?.host
      const family = source.type === 'postgres' ? 'PostgreSQL' : 'MySQL or MariaDB'
      return `${name} (${family}: ${databases}${server === undefined ? '' : ` of ${server}`})`
    }
  }
}

const excluded = (globs: readonly string[] | undefined): string =>
  globs === undefined || globs.length === 0 ? '' : ` without ${globs.join(', ')}`

const compressionInWords = ({ compression: { algorithm, level } }: BackupJob): string =>
  algorithm === 'none' ? 'not compressed' : `compressed with ${algorithm} level ${level}`

export const encryptionInWords = ({ encryption }: BackupJob): string =>
  encryption === undefined
    ? 'not encrypted'
    : `encrypted for the ${encryption.keys.length === 1 ? 'key' : 'keys'} ${listInWords(encryption.keys)}`

const attemptsInWords = (attempts: number): string =>
  attempts === 1 ? 'once' : attempts === 2 ? 'twice at most' : `${attempts} times at most`
