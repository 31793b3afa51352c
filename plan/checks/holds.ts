import { isServerSource } from '../../core/server-databases.js'
import type { Hold } from '../../schemas/holds.js'
import type { Source } from '../../schemas/sources.js'
import type { PlanFile } from '../../schemas/plan.js'
import type { Path } from '../locate.js'
import { errorAt, errorAtKey, warningAt, says, type Draft, type Mistake } from '../mistakes.js'
import type { SiteFacts } from './facts.js'
import { servicesMistakes } from './hold-services.js'

/** Holds, and what they mean for the sources that are read under them. */
export function holdMistakes(plan: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  const sources = Object.entries(plan.sources ?? {})
  return [
    ...(plan.hold ? servicesMistakes(plan.hold, ['hold'], site) : []),
    ...unusedHold(plan, sources),
    ...sources.flatMap(([name, source]) => sourceMistakes(source, ['sources', name], plan, site)),
  ]
}

function unusedHold(plan: Draft<PlanFile>, sources: readonly [string, Draft<Source>][]): readonly Mistake[] {
  const isUsed = sources.some(([, source]) => source.live !== true && !says(source, 'hold'))
  if (plan.hold === undefined || sources.length === 0 || isUsed) return []
  return [
    warningAt(
      ['hold'],
      'holds services for nothing: every source is live, or has a hold of its own.',
      'Remove it.',
    ),
  ]
}

function sourceMistakes(
  source: Draft<Source>,
  path: Path,
  plan: Draft<PlanFile>,
  site: SiteFacts,
): readonly Mistake[] {
  const mistakes: Mistake[] = source.hold ? [...servicesMistakes(source.hold, [...path, 'hold'], site)] : []
  if (source.live === true && source.hold !== undefined) {
    mistakes.push(
      errorAtKey(
        [...path, 'hold'],
        'holds services for a source that is live, which is read before anything stops.',
        'Remove "live: true", or the hold.',
      ),
    )
  }
  const hold = source.live === true ? undefined : (source.hold ?? plan.hold)
  if (source.live !== true && !says(source, 'hold') && !says(plan, 'hold') && !isServerSource(source)) {
    mistakes.push(
      warningAt(
        path,
        'is read without any hold: what is written meanwhile may not fit together.',
        'Add a hold, or "live: true" if nothing writes there.',
      ),
    )
  }
  return isServerSource(source)
    ? [...mistakes, ...insideMistakes(source.in, hold, [...path, 'in'])]
    : mistakes
}

/** A dump needs a service that runs. */
function insideMistakes(
  place: string | undefined,
  hold: Draft<Hold> | undefined,
  path: Path,
): readonly Mistake[] {
  if (place === undefined) return []
  if (!place.startsWith('docker:')) {
    return [
      errorAt(
        path,
        'only a container of Docker has an inside where a dump can run.',
        'Name a container (docker:…), or leave it out to run on the host.',
      ),
    ]
  }
  if (hold?.services?.includes(place) !== true) return []
  const word = hold.mode === 'pause' ? 'pauses' : 'stops'
  return [
    errorAt(
      path,
      `the dump runs inside ${place}, which the hold ${word}.`,
      `Remove ${place} from the hold: a dump is consistent in itself, and the other services keep still for it.`,
    ),
  ]
}
