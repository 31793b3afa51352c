import type { PlanFile } from '../../schemas/plan.js'
import { errorAt, errorAtKey, warningAtKey, type Draft, type Mistake } from '../mistakes.js'
import { didYouMean } from '../../core/suggest.js'
import type { SiteFacts } from './facts.js'
import { isLeftOut, relativeTo, tidy } from './inside.js'

/** Whether the destinations exist, and lie outside of what is backed up. */
export function destinationMistakes(plan: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  const names = Object.keys(site.destinations)
  const unknown = (plan.destinations ?? []).flatMap((name, index) => {
    if (Object.hasOwn(site.destinations, name)) return []
    const list =
      names.length > 0
        ? `There are ${names.slice(0, 10).join(', ')}.`
        : 'Define it under "destinations" there.'
    return [
      errorAt(
        ['destinations', index],
        `holdfast.yaml defines no destination "${name}".`,
        didYouMean(name, names) ?? list,
      ),
    ]
  })
  // Paths of another host mean other folders.
  const isHere = (plan.host ?? site.host) === site.host
  return [...unknown, ...strangersInRetention(plan, site), ...(isHere ? overlaps(plan, site) : [])]
}

/** Rules for a destination that the plan does not have: in "defaults" they may be meant for other plans. */
function strangersInRetention(plan: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  const { destinations } = plan
  if (destinations === undefined) return []
  return Object.keys(plan.retention?.destinations ?? {})
    .filter((name) => !destinations.includes(name))
    .map((name) => {
      const path = ['retention', 'destinations', name]
      const hint = didYouMean(name, destinations)
      return Object.hasOwn(site.destinations, name)
        ? warningAtKey(path, `has no effect: the plan has no copies at "${name}".`, hint)
        : errorAtKey(path, `holdfast.yaml defines no destination "${name}".`, hint)
    })
}

/** The plan names no destination, and neither do the defaults. */
export function missingDestinations(site: SiteFacts): Mistake {
  const first = Object.keys(site.destinations)[0] ?? 'disk'
  return errorAtKey(
    [],
    '"destinations" is missing, here and in "defaults" of holdfast.yaml.',
    `For example: destinations: [${first}]`,
  )
}

function overlaps(plan: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  const places = (plan.destinations ?? []).flatMap((name) => {
    const destination = Object.hasOwn(site.destinations, name) ? site.destinations[name] : undefined
    return destination?.type === 'local' ? [{ name, folder: tidy(destination.path) }] : []
  })
  return Object.entries(plan.sources ?? {}).flatMap(([source, spec]) => {
    if (spec.type !== 'files' && spec.type !== 'sqlite') return []
    const exclude = spec.type === 'files' ? (spec.exclude ?? []) : []
    return (spec.paths ?? []).flatMap((text, index) => {
      const at = ['sources', source, 'paths', index]
      return places.flatMap(({ name, folder }) => {
        const inside = relativeTo(tidy(text), folder)
        if (inside !== undefined && !isLeftOut(inside, exclude)) {
          return [
            errorAt(
              at,
              `holds the destination "${name}" (${folder}): each backup would hold those before it.`,
              'Exclude that folder, or move the destination.',
            ),
          ]
        }
        const isBackedUp = relativeTo(folder, tidy(text)) !== undefined && inside === undefined
        return isBackedUp
          ? [
              errorAt(
                at,
                `lies inside the destination "${name}" (${folder}), where backups rest.`,
                'Back up the original instead.',
              ),
            ]
          : []
      })
    })
  })
}
