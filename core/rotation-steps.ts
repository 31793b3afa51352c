import type { RotationJob, RotationPlan, RotationStep, SeenUses, Untouched } from './rotation.js'

/** What a host is asked to do at one destination, under the lock of the plan. */
export interface RewrapInput {
  readonly site: string
  readonly plan: string
  readonly destination: string
  /** Names of keys, with the ids that they had when the rotation began. */
  readonly from: { readonly name: string; readonly keyId: string }
  readonly to: { readonly name: string; readonly keyId: string }
}

/** What became of it. */
export interface RewrapReport {
  readonly rewrapped: number
  /** Backups that still need the old key. */
  readonly left: number
  /** The first of them, each with why, in a sentence. */
  readonly problems: readonly string[]
}

/** Steps that were tried, with what became of them in all. */
export interface TriedStep extends Pick<RotationStep, 'host' | 'destination' | 'plan'>, RewrapReport {
  readonly tries: number
}

/** Runs with the old key come to an end, and so do new backups for it: more tries mean that something makes them. */
const MOST_TRIES = 10

/** The steps that are worth a try: all that were not tried, and those where there is more than what could not be done. */
export const dueSteps = (
  steps: readonly RotationStep[],
  tried: readonly TriedStep[],
): readonly RotationStep[] =>
  steps.filter((step) => {
    const before = tried.find(isOf(step))
    return before === undefined || (before.tries < MOST_TRIES && step.backups > before.left)
  })

/** `tried`, and what became of a step now. */
export function withTried(
  tried: readonly TriedStep[],
  { host, destination, plan, backups }: RotationStep,
  report: RewrapReport,
): readonly TriedStep[] {
  const step = { host, destination, plan }
  const before = tried.find(isOf(step))
  // A worker that was killed has counted less than it had done: what was seen before and is not left was done, too.
  const done = Math.max(report.rewrapped, backups - report.left)
  const rewrapped = (before?.rewrapped ?? 0) + done
  const now: TriedStep = { ...step, ...report, rewrapped, tries: (before?.tries ?? 0) + 1 }
  return [...tried.filter((one) => one !== before), now]
}

const isOf =
  (step: Pick<RotationStep, 'host' | 'destination' | 'plan'>) =>
  (one: Pick<RotationStep, 'host' | 'destination' | 'plan'>): boolean =>
    one.host === step.host && one.destination === step.destination && one.plan === step.plan

/** Old wraps that were deleted, and that a store keeps as older versions until their lock or its rules let them go. */
export interface KeptWraps {
  readonly destination: string
  readonly place: string
  readonly objects: number
}

/** What one host sees of them. */
export interface SeenKept {
  readonly host: string
  readonly kept: readonly KeptWraps[]
  /** Places where that could not be found out, each in a sentence. */
  readonly problems: readonly string[]
}

/** What a rotation came to: proven by a list of all places that was made at its end. */
export interface RotationReport {
  /** `partial`: backups of the site still need the old key, or not all places could be looked at. */
  readonly outcome: 'good' | 'partial'
  readonly from: string
  readonly to: string
  readonly rewrapped: readonly (Pick<RotationStep, 'host' | 'destination' | 'plan'> & {
    readonly backups: number
  })[]
  readonly remaining: readonly Untouched[]
  readonly others: readonly Untouched[]
  readonly kept: readonly Omit<KeptWraps, 'place'>[]
  /** What was not seen, each in a sentence. */
  readonly problems: readonly string[]
}

export function reportOfRotation({
  job: { from, to },
  plan,
  tried,
  seen,
  kept,
}: {
  readonly job: RotationJob
  /** As the last look had it. */
  readonly plan: RotationPlan
  readonly tried: readonly TriedStep[]
  readonly seen: readonly SeenUses[]
  readonly kept: readonly SeenKept[]
}): RotationReport {
  const remaining = [...plan.steps.map((step) => remainsOf(step, tried)), ...plan.stranded]
  const problems = seen.flatMap((one) => one.problems)
  const byPlace = new Map(kept.flatMap((one) => one.kept).map((one) => [one.place, one]))
  return {
    outcome: remaining.length === 0 && problems.length === 0 ? 'good' : 'partial',
    from,
    to,
    rewrapped: tried
      .filter(({ rewrapped }) => rewrapped > 0)
      .map(({ host, destination, plan: name, rewrapped: backups }) => ({
        ...{ host, destination, plan: name, backups },
      })),
    remaining,
    others: plan.others,
    kept: [...byPlace.values()].map(({ destination, objects }) => ({ destination, objects })),
    problems: [...new Set([...problems, ...kept.flatMap((one) => one.problems)])],
  }
}

function remainsOf(step: RotationStep, tried: readonly TriedStep[]): Untouched {
  const { destination, plan, backups } = step
  const because = tried.find(isOf(step))?.problems.join(' ')
  return { destination, plan, backups, because: because || 'new ones were made again and again' }
}
