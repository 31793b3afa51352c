import { createHash } from 'node:crypto'
import type { BackupJob, NamedSource, PlannedHold, RetentionRules, SourceSet } from '../core/job.js'
import { scheduleId, type ScheduledWork } from '../core/ids.js'
import type { PlanSchedule, WantedSchedule } from '../core/schedule-diff.js'
import type { Site } from '../core/site.js'
import { parseDuration, parsePercent } from '../core/units.js'
import { isSpooled } from '../core/spool.js'
import { assert } from '../core/assert.js'
import type { Hold } from '../schemas/holds.js'
import type { Compression, PlanFile } from '../schemas/plan.js'
import type { Schedule } from '../schemas/schedule.js'
import { ALL, parseSample, type Sample, type VerifyJob } from '../core/verification.js'
import type { Plausibility } from '../schemas/verification.js'
import type { Retention } from '../schemas/retention.js'
import { DEFAULT_MAX_DOWNTIME_MS, DEFAULT_TIMEOUT_MS } from './checks/limits.js'

const DEFAULT_STOP_TIMEOUT_MS = 30_000
const DEFAULT_HEALTHY_WITHIN_MS = 60_000
const DEFAULT_CATCH_UP_MS = 6 * 3_600_000
const DEFAULT_ATTEMPTS = 3
const DEFAULT_SHARE = '50%'
const DEFAULT_LEVELS = { zstd: 3, gzip: 6, none: 0 } as const

/** A plan as workflows are asked to run it. */
export interface CompiledPlan {
  readonly name: string
  readonly description?: string
  /** The plan file: relative to the folder of holdfast.yaml where it lies below that, else absolute. */
  readonly file: string
  /** Host whose worker runs it. */
  readonly host: string
  readonly job: BackupJob
  /** Sources that are neither live nor held: what is written while they are read may not fit together. */
  readonly unheld: readonly string[]
  /** Whether what is read under holds goes through the spool, where there is room: by the configuration that compiled it. */
  readonly isSpooled: boolean
  /** Left out: runs only when asked. */
  readonly schedule?: PlanSchedule
  /** Left out: old backups are read again only when asked. */
  readonly verification?: ScheduledVerification
  /** How old the newest good backup may be. Left out: as old as it is. */
  readonly freshnessMs?: number
}

export interface ScheduledVerification {
  readonly job: VerifyJob
  readonly schedule: PlanSchedule
}

/** @param plan as `readPlan` gives it: valid, with the defaults of the site filled in. */
export function compilePlan(plan: PlanFile, planText: string, site: Site, file: string): CompiledPlan {
  const host = plan.host ?? site.host
  assert(plan.destinations, 'a plan without destinations passed validation')
  const job: BackupJob = {
    jobVersion: 1,
    site: site.site,
    host,
    plan: plan.plan,
    planText,
    planSha256: sha256(planText),
    sets: setsOf(plan),
    compression: compressionOf(plan.compression),
    ...(plan.encryption === undefined || plan.encryption === 'none' ? {} : { encryption: plan.encryption }),
    destinations: plan.destinations,
    ...(plan.retention === undefined ? {} : retentionsOf(plan.retention, plan.destinations)),
    timezone: plan.schedule?.timezone ?? 'UTC',
    timeoutMs: milliseconds(plan.timeout, DEFAULT_TIMEOUT_MS),
    attempts: plan.retry?.attempts ?? DEFAULT_ATTEMPTS,
    tolerate: plan.tolerate ?? ['vanished'],
    ...(plan.verification?.afterBackup === undefined ? {} : { verifyAfter: plan.verification.afterBackup }),
    ...plausibilityOf(plan.plausibility),
  }
  return {
    name: plan.plan,
    ...(plan.description === undefined ? {} : { description: plan.description }),
    file,
    host,
    job,
    unheld: Object.entries(plan.sources).flatMap(([name, { live, hold }]) =>
      live === true || hold !== undefined || plan.hold !== undefined ? [] : [name],
    ),
    isSpooled: isSpooledFirst(plan.destinations, site),
    ...(plan.schedule === undefined ? {} : { schedule: scheduleOf(plan.schedule) }),
    ...verificationOf(plan, job),
    ...(plan.objectives?.freshness === undefined
      ? {}
      : { freshnessMs: parseDuration(plan.objectives.freshness) }),
  }
}

function isSpooledFirst([first]: readonly string[], { destinations }: Site): boolean {
  const settings = first === undefined ? undefined : destinations[first]
  return settings !== undefined && isSpooled(settings)
}

/** What `diffSchedules` compares; none for a plan of which everything runs only when asked. */
export const wantedSchedules = ({ job, schedule, verification }: CompiledPlan): readonly WantedSchedule[] => [
  ...(schedule === undefined ? [] : [wantedOf('backup', { job, schedule })]),
  ...(verification === undefined ? [] : [wantedOf('verify', verification)]),
]

function wantedOf(
  work: ScheduledWork,
  scheduled: { readonly job: BackupJob | VerifyJob; readonly schedule: PlanSchedule },
): WantedSchedule {
  const { job, schedule } = scheduled
  const hash = sha256(canonicalJson({ job, schedule }))
  return { scheduleId: scheduleId(job.site, job.plan, work), plan: job.plan, work, schedule, hash }
}

/** Live sources first, before anything stops; then those of each hold together; then those that no hold covers. */
function setsOf(plan: PlanFile): readonly SourceSet[] {
  const live: NamedSource[] = []
  const unheld: NamedSource[] = []
  const held = new Map<string, { hold: PlannedHold; sources: NamedSource[] }>()
  for (const [name, { live: isLive, hold: own, ...spec }] of Object.entries(plan.sources)) {
    const source: NamedSource = { name, source: spec }
    const effective = own ?? plan.hold
    if (isLive === true) live.push(source)
    else if (effective === undefined) unheld.push(source)
    else {
      const hold = holdOf(effective)
      const key = canonicalJson(hold)
      const set = held.get(key) ?? { hold, sources: [] }
      set.sources.push(source)
      held.set(key, set)
    }
  }
  return [{ sources: live }, ...held.values(), { sources: unheld }].filter(
    ({ sources }) => sources.length > 0,
  )
}

const holdOf = (hold: Hold): PlannedHold => ({
  services: hold.services,
  ...(hold.after === undefined ? {} : { after: hold.after }),
  mode: hold.mode ?? 'stop',
  maxDowntimeMs: milliseconds(hold.maxDowntime, DEFAULT_MAX_DOWNTIME_MS),
  stopTimeoutMs: milliseconds(hold.stopTimeout, DEFAULT_STOP_TIMEOUT_MS),
  onInconsistent: hold.onInconsistent ?? 'keep',
  healthyWithinMs: milliseconds(hold.healthy?.within, DEFAULT_HEALTHY_WITHIN_MS),
})

function compressionOf({ algorithm, level }: Compression = { algorithm: 'zstd' }): Required<Compression> {
  return { algorithm, level: algorithm === 'none' ? 0 : (level ?? DEFAULT_LEVELS[algorithm]) }
}

/** The rules of the plan; and of each destination that has some of its own, all its rules. */
function retentionsOf(
  { destinations = {}, ...rules }: Retention,
  names: readonly string[],
): Pick<BackupJob, 'retention' | 'retentionAt'> {
  const own = names.flatMap((name) => {
    const changes = destinations[name]
    return changes === undefined ? [] : [[name, rulesOf({ ...rules, ...changes })] as const]
  })
  return {
    retention: rulesOf(rules),
    ...(own.length === 0 ? {} : { retentionAt: Object.fromEntries(own) }),
  }
}

function rulesOf({
  keepWithin,
  quarantine,
  minimum,
  ...rules
}: Omit<Retention, 'destinations'>): RetentionRules {
  return {
    ...rules,
    ...(quarantine === undefined ? {} : { quarantineMs: parseDuration(quarantine) }),
    ...(keepWithin === undefined ? {} : { keepWithinMs: parseDuration(keepWithin) }),
    minimum: minimum ?? 1,
  }
}

function plausibilityOf(plausibility: Plausibility = {}): Pick<BackupJob, 'plausibility'> {
  if (plausibility === 'off') return {}
  const { size = DEFAULT_SHARE, count = DEFAULT_SHARE } = plausibility
  return { plausibility: { size: parsePercent(size), count: parsePercent(count) } }
}

function scheduleOf(schedule: Schedule): PlanSchedule {
  const { cron, every, timezone = 'UTC', jitter, catchUp, paused = false } = schedule
  const rest = {
    timezone,
    jitterMs: milliseconds(jitter, 0),
    catchUpMs: milliseconds(catchUp, DEFAULT_CATCH_UP_MS),
    paused,
  }
  if (cron !== undefined) return { cron: cron.trim().replace(/\s+/g, ' '), ...rest }
  assert(every, 'a schedule without time passed validation')
  return { everyMs: parseDuration(every), ...rest }
}

function verificationOf(
  { verification, schedule }: PlanFile,
  job: BackupJob,
): Pick<CompiledPlan, 'verification'> {
  if (verification?.schedule === undefined) return {}
  const { timezone } = schedule ?? {}
  return {
    verification: {
      job: verifyJobOf(job, verification.sample === undefined ? ALL : parseSample(verification.sample)),
      schedule: scheduleOf({ ...(timezone === undefined ? {} : { timezone }), ...verification.schedule }),
    },
  }
}

/** A verification of this much of the backups of a job. */
export const verifyJobOf = (
  { site, host, plan, destinations }: Pick<BackupJob, 'site' | 'host' | 'plan' | 'destinations'>,
  sample: Sample,
): VerifyJob => ({ jobVersion: 1, site, host, plan, destinations, sample })

const milliseconds = (duration: string | undefined, otherwise: number): number =>
  duration === undefined ? otherwise : parseDuration(duration)

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The same text for the same value, whatever the order of its keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
