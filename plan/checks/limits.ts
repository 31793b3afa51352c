import type { PlanFile } from '../../schemas/plan.js'
import type { Retention } from '../../schemas/retention.js'
import type { Schedule } from '../../schemas/schedule.js'
import { parseDuration } from '../../core/units.js'
import type { Path } from '../locate.js'
import { errorAt, warningAt, type Draft, type Mistake } from '../mistakes.js'

/** Ten years: beyond that, timers of Temporal and of Node overflow, and nobody means it. */
const LONGEST_MS = 3650 * 86_400_000
/** What a plan gets that says nothing: see compile. */
export const DEFAULT_TIMEOUT_MS = 6 * 3_600_000
export const DEFAULT_MAX_DOWNTIME_MS = 10 * 60_000
const GZIP_HIGHEST = 9

/** Durations, levels, and how they fit together. */
export function limitMistakes(plan: Draft<PlanFile>): readonly Mistake[] {
  return [
    ...durationMistakes(plan),
    ...downtimeMistakes(plan),
    ...compressionMistakes(plan),
    ...retentionMistakes(plan),
  ]
}

interface NamedDuration {
  readonly path: Path
  readonly text: string | undefined
  readonly least: 'zero' | 'millisecond' | 'second'
}

function durationsOf(plan: Draft<PlanFile>): readonly NamedDuration[] {
  const holds = [
    { path: ['hold'], hold: plan.hold },
    ...Object.entries(plan.sources ?? {}).map(([name, { hold }]) => ({
      path: ['sources', name, 'hold'],
      hold,
    })),
  ]
  return [
    ...durationsOfSchedule(['schedule'], plan.schedule),
    ...durationsOfSchedule(['verification', 'schedule'], plan.verification?.schedule),
    { path: ['timeout'], text: plan.timeout, least: 'millisecond' },
    { path: ['objectives', 'freshness'], text: plan.objectives?.freshness, least: 'second' },
    ...rulesOf(plan).flatMap(({ path, rules: { keepWithin, quarantine } }): NamedDuration[] => [
      { path: [...path, 'keepWithin'], text: keepWithin, least: 'zero' },
      { path: [...path, 'quarantine'], text: quarantine, least: 'zero' },
    ]),
    ...holds.flatMap(({ path, hold }): NamedDuration[] => [
      { path: [...path, 'maxDowntime'], text: hold?.maxDowntime, least: 'millisecond' },
      { path: [...path, 'stopTimeout'], text: hold?.stopTimeout, least: 'millisecond' },
      { path: [...path, 'healthy', 'within'], text: hold?.healthy?.within, least: 'millisecond' },
    ]),
  ]
}

const durationsOfSchedule = (path: Path, schedule: Draft<Schedule> | undefined): readonly NamedDuration[] => [
  // Temporal runs nothing more often than every second.
  { path: [...path, 'every'], text: schedule?.every, least: 'second' },
  { path: [...path, 'jitter'], text: schedule?.jitter, least: 'zero' },
  { path: [...path, 'catchUp'], text: schedule?.catchUp, least: 'zero' },
]

function durationMistakes(plan: Draft<PlanFile>): readonly Mistake[] {
  return durationsOf(plan).flatMap(({ path, text, least }) => {
    if (text === undefined) return []
    const duration = parseDuration(text)
    if (duration > LONGEST_MS) return [errorAt(path, 'is longer than ten years.')]
    if (duration === 0 && least !== 'zero') return [errorAt(path, 'must be longer than zero.')]
    return duration < 1000 && least === 'second' ? [errorAt(path, 'must be at least one second.')] : []
  })
}

function downtimeMistakes(plan: Draft<PlanFile>): readonly Mistake[] {
  const timeout = plan.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(plan.timeout)
  const holds = [
    { path: ['hold'], hold: plan.hold },
    ...Object.entries(plan.sources ?? {}).map(([name, { hold }]) => ({
      path: ['sources', name, 'hold'],
      hold,
    })),
  ]
  return holds.flatMap(({ path, hold }) => {
    if (hold === undefined) return []
    const downtime =
      hold.maxDowntime === undefined ? DEFAULT_MAX_DOWNTIME_MS : parseDuration(hold.maxDowntime)
    if (downtime <= timeout) return []
    const said = plan.timeout === undefined ? 'the default, 6h' : plan.timeout
    const place = hold.maxDowntime === undefined ? path : [...path, 'maxDowntime']
    const limit = hold.maxDowntime === undefined ? 'has a maxDowntime (the default, 10m) that' : ''
    return [
      errorAt(
        place,
        `${limit} is longer than the timeout of the whole run (${said}).`.trim(),
        'Shorten it, or raise "timeout".',
      ),
    ]
  })
}

function compressionMistakes({ compression }: Draft<PlanFile>): readonly Mistake[] {
  const { algorithm, level } = compression ?? {}
  if (level === undefined) return []
  if (algorithm === 'gzip' && level > GZIP_HIGHEST) {
    return [errorAt(['compression', 'level'], `gzip has levels 1 to ${GZIP_HIGHEST}.`)]
  }
  return algorithm === 'none'
    ? [warningAt(['compression', 'level'], 'has no effect without compression.', 'Remove it.')]
    : []
}

/** The rules of the plan, and those of single destinations, as they are written. */
function rulesOf({ retention }: Draft<PlanFile>) {
  if (retention === undefined) return []
  const { destinations = {}, ...rules } = retention
  return [
    { path: ['retention'], rules },
    ...Object.entries(destinations).map(([name, own]) => ({
      path: ['retention', 'destinations', name],
      rules: own,
    })),
  ]
}

function retentionMistakes(plan: Draft<PlanFile>): readonly Mistake[] {
  const [general, ...others] = rulesOf(plan)
  if (general === undefined) return []
  if (!keepsSome(general.rules)) {
    return [
      errorAt(
        general.path,
        'has no rule that keeps anything.',
        'For example: keepLast: 7. Without "retention", every backup is kept.',
      ),
    ]
  }
  return others
    .filter(({ rules }) => !keepsSome({ ...general.rules, ...rules }))
    .map(({ path }) =>
      errorAt(path, 'leaves no rule that keeps anything.', 'For example: keepLast: 7 for this destination.'),
    )
}

function keepsSome(rules: Omit<Draft<Retention>, 'destinations'>): boolean {
  const { minimum: _, quarantine: __, keepWithin, ...counts } = rules
  const keepsCount = Object.values(counts).some((count) => count !== undefined && count > 0)
  return keepsCount || (keepWithin !== undefined && parseDuration(keepWithin) > 0)
}
