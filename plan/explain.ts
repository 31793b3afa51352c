import { isServerDatabase } from '../core/server-databases.js'
import { stopOrder } from '../core/hold-order.js'
import {
  DEFAULT_QUARANTINE_MS,
  type BackupJob,
  type NamedSource,
  type PlannedHold,
  type RetentionRules,
  type SourceSet,
} from '../core/job.js'
import type { PlanSchedule } from '../core/schedule-diff.js'
import { selectorInWords } from '../core/selectors.js'
import { sampleInWords } from '../core/verification.js'
import { clockTime } from './checks/schedule.js'
import type { CompiledPlan } from './compile.js'
import { affectedRuns } from './cron.js'
import { nextRuns } from './next-runs.js'
import {
  durationInWords,
  listInWords,
  localTime,
  retentionInWords,
  scheduleInWords,
  wallText,
} from './words.js'

export interface ExplainOptions {
  readonly now: Date
  /** How many of the next runs to name. */
  readonly nextRuns: number
}

/** What a plan will do, in sentences: what is read, what stops for how long at most, where to, what is kept, when. */
export function explainPlan(plan: CompiledPlan, { now, nextRuns: count }: ExplainOptions): string {
  const { job, schedule } = plan
  const paragraphs = [
    [`Plan ${plan.name} (${plan.file})`, ...(plan.description === undefined ? [] : [plan.description])],
    [`Each run, on host ${plan.host}:`, ...stepsOf(plan).map((step, index) => `  ${index + 1}. ${step}`)],
    ['When:', ...whenLines(schedule, now, count).map((line) => `  ${line}`)],
    ['Kept:', ...keptLines(job).map((line) => `  ${line}`)],
    ...verifiedParagraph(plan),
    ...watchedParagraph(plan),
  ]
  const notes = notesOf(plan, now)
  if (notes.length > 0) paragraphs.push(['Please note:', ...notes.map((note) => `  - ${note}`)])
  return `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function stepsOf({ job, isSpooled }: CompiledPlan): readonly string[] {
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
const orderOf = ({ services, after = {} }: PlannedHold): readonly string[] =>
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

const encryptionInWords = ({ encryption }: BackupJob): string =>
  encryption === undefined
    ? 'not encrypted'
    : `encrypted for the ${encryption.keys.length === 1 ? 'key' : 'keys'} ${listInWords(encryption.keys)}`

const attemptsInWords = (attempts: number): string =>
  attempts === 1 ? 'once' : attempts === 2 ? 'twice at most' : `${attempts} times at most`

function whenLines(schedule: PlanSchedule | undefined, now: Date, count: number): readonly string[] {
  if (schedule === undefined) return ['Only when asked: the plan has no schedule.']
  const zone = schedule.timezone
  const catchUp = `A run missed by at most ${durationInWords(schedule.catchUpMs)} is made up for, once.`
  const runs = nextRuns(schedule, { after: now, count })
  return [
    `Runs ${scheduleInWords(schedule)}. ${catchUp}`,
    ...(schedule.paused ? ['The plan creates the schedule paused: nothing runs until it is resumed.'] : []),
    `Next ${runs.length === 1 ? 'run' : `${runs.length} runs`}, in ${zone}:`,
    ...runs.map((run) => `  ${localTime(run, zone)}`),
  ]
}

function verifiedParagraph({ verification }: CompiledPlan): readonly (readonly string[])[] {
  if (verification === undefined) return []
  const { job, schedule } = verification
  const what = sampleInWords(job.sample)
  return [
    [
      'Verified:',
      `  Reads ${what} at ${listInWords(job.destinations)} again, ${scheduleInWords(schedule)}. Those come first that nobody has read for longest.`,
    ],
  ]
}

function watchedParagraph({ freshnessMs }: CompiledPlan): readonly (readonly string[])[] {
  if (freshnessMs === undefined) return []
  return [
    ['Watched:', `  An alarm while the newest good backup is older than ${durationInWords(freshnessMs)}.`],
  ]
}

function keptLines({ retention, retentionAt = {}, timezone }: BackupJob): readonly string[] {
  if (retention === undefined) return ['Every backup: the plan has no retention, so nothing is ever removed.']
  return [
    `Of the good backups, ${retentionInWords(retention)}. Days, weeks, months and years are those of ${timezone}. ${goneSentence(retention)}`,
    ...Object.entries(retentionAt).map(
      ([name, rules]) => `At ${name}: ${retentionInWords(rules)}. ${goneSentence(rules)}`,
    ),
  ]
}

const goneSentence = ({ quarantineMs = DEFAULT_QUARANTINE_MS }: RetentionRules): string =>
  quarantineMs === 0
    ? 'What goes is gone at once.'
    : `What goes can be brought back for ${durationInWords(quarantineMs)}.`

function notesOf({ job, schedule, unheld: names }: CompiledPlan, now: Date): readonly string[] {
  const unheld = job.sets
    .flatMap(({ sources }) => sources)
    // A dump is consistent in itself.
    .filter(({ name, source }) => names.includes(name) && !isServerDatabase(source.type))
  const served = job.sets.flatMap(({ sources }) => sources).filter(({ source }) => source.type === 'mysql')
  return [
    ...served.map(
      ({ name }) =>
        `${name}: accounts and their rights are not captured, and a restore never replaces a database: it makes one that is not there.`,
    ),
    ...(unheld.length > 0
      ? [
          `${listInWords(unheld.map(({ name }) => name))}: read without any hold; what is written meanwhile may not fit together.`,
        ]
      : []),
    ...(schedule?.cron === undefined ? [] : clockNotes(schedule, schedule.cron, now)),
  ]
}

function clockNotes({ timezone }: PlanSchedule, cron: string, now: Date): readonly string[] {
  return affectedRuns({ cron, timezone }, now).map(({ change, times }) => {
    const day = wallText(change.from).slice(0, -6)
    const clocks = times.map(clockTime).join(', ')
    return change.direction === 'forward'
      ? `On ${day} clocks in ${timezone} go forward: ${clocks} does not exist, and nothing runs then.`
      : `On ${day} clocks in ${timezone} go back: ${clocks} comes twice, and the plan runs twice.`
  })
}
