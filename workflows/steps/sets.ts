import { HoldfastError } from '../../core/errors.js'
import type { BackupJob, SourceSet } from '../../core/job.js'

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

/** Two references may mean one container: each service once, by the one name that its host knows it by. */
export const withCanonicalServices = (
  sets: readonly SourceSet[],
  services: Readonly<Record<string, string>>,
): readonly SourceSet[] =>
  sets.map(({ hold, ...set }) =>
    hold === undefined
      ? set
      : {
          ...set,
          hold: {
            ...hold,
            services: [...new Set(hold.services.map((service) => services[service] ?? service))],
          },
        },
  )
