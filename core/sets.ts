import { assert } from './assert.js'
import { HoldfastError } from './errors.js'
import type { BackupJob, ResolvedHold, ResolvedSet, SourceSet } from './job.js'

/** The sets of a plan, with only the sources that were asked for. */
export function selectSets(job: BackupJob, onlySources?: readonly string[]): readonly SourceSet[] {
  if (onlySources === undefined) return job.sets
  const names = job.sets.flatMap((set) => set.sources.map(({ name }) => name))
  const unknown = onlySources.filter((name) => !names.includes(name))
  if (unknown.length > 0 || onlySources.length === 0) {
    throw new HoldfastError(
      'flag.invalid',
      `The plan "${job.plan}" has no source ${unknown.join(', ') || 'of that name'}.`,
      {
        hint: `Its sources are: ${names.join(', ')}.`,
      },
    )
  }
  return job.sets
    .map((set) => ({ ...set, sources: set.sources.filter(({ name }) => onlySources.includes(name)) }))
    .filter(({ sources }) => sources.length > 0)
}

/** The same sets, with the holds that their host has found for those that have one. */
export function withResolvedHolds(
  sets: readonly SourceSet[],
  holds: readonly ResolvedHold[],
): readonly ResolvedSet[] {
  const rest = [...holds]
  return sets.map(({ hold: planned, ...set }) => {
    const hold = planned && rest.shift()
    assert((hold === undefined) === (planned === undefined), 'a hold that its host has not resolved')
    return hold === undefined ? set : { ...set, hold }
  })
}
