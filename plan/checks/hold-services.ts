import { stopOrder } from '../../core/hold-order.js'
import { selectorInWords } from '../../core/selectors.js'
import { didYouMean } from '../../core/suggest.js'
import type { HeldServices, Hold } from '../../schemas/holds.js'
import type { Path } from '../locate.js'
import { errorAt, errorAtKey, type Draft, type Mistake } from '../mistakes.js'
import type { SiteFacts } from './facts.js'

/** What runtimes can freeze. */
const PAUSABLE = ['docker:', 'lxc:']

/** Which services a hold names, and what it says of their order. */
export function servicesMistakes(hold: Draft<Hold>, path: Path, site: SiteFacts): readonly Mistake[] {
  const services = (hold.services ?? []) as readonly HeldServices[]
  const names = services.map(selectorInWords)
  return [
    ...services.flatMap((service, index) => {
      const at = [...path, 'services', index]
      const name = selectorInWords(service)
      if (names.indexOf(name) !== index)
        return [errorAt(at, `${name} stands in this hold twice.`, 'Keep one of them.')]
      if (typeof service !== 'string') return []
      return [...unknownCommand(service, at, site), ...(hold.mode === 'pause' ? unpausable(service, at) : [])]
    }),
    ...afterMistakes(hold, path, site),
  ]
}

function unknownCommand(service: string, at: Path, site: SiteFacts): readonly Mistake[] {
  const known = Object.keys(site.services)
  const name = service.startsWith('command:') ? service.slice('command:'.length) : undefined
  if (name === undefined || Object.hasOwn(site.services, name)) return []
  const list =
    known.length > 0 ? `There are ${known.slice(0, 10).join(', ')}.` : 'Define it under "services" there.'
  return [errorAt(at, `holdfast.yaml defines no service "${name}".`, didYouMean(name, known) ?? list)]
}

function unpausable(service: string, at: Path): readonly Mistake[] {
  if (PAUSABLE.some((runtime) => service.startsWith(runtime))) return []
  return [
    errorAt(at, `${service} cannot be paused, only stopped.`, 'Write "mode: stop", or leave "mode" out.'),
  ]
}

function afterMistakes(hold: Draft<Hold>, path: Path, site: SiteFacts): readonly Mistake[] {
  const after = afterOf(hold)
  const services = (hold.services ?? []) as readonly HeldServices[]
  const held = services.filter((service) => typeof service === 'string')
  // What a label or a volume finds is known on the host only.
  const isKnown = held.length === services.length
  const mistakes = [...after].flatMap(([service, needed]) => [
    ...(isKnown && !held.includes(service)
      ? [
          errorAtKey(
            [...path, 'after', service],
            'is not held, so there is nothing to say of its order.',
            didYouMean(service, held) ?? 'Add it to "services", or remove it here.',
          ),
        ]
      : []),
    ...needed.flatMap((other, index) => unknownCommand(other, [...path, 'after', service, index], site)),
  ])
  const names = [...new Set([...held, ...after.keys(), ...[...after.values()].flat()])]
  const self = names.find((name) => after.get(name)?.includes(name))
  const circle = self === undefined ? stopOrder(names, after).circle : [self, self]
  if (circle === undefined) return mistakes
  return [
    ...mistakes,
    errorAtKey([...path, 'after'], `no order fits: ${circle.join(' needs ')}.`, 'Remove one of these.'),
  ]
}

/** What the hold says under `after`, as far as it can be used. */
function afterOf({ after }: Draft<Hold>): ReadonlyMap<string, readonly string[]> {
  const entries = Object.entries((after ?? {}) as Readonly<Record<string, readonly string[] | undefined>>)
  return new Map(
    entries.flatMap(([service, needed]) => (needed === undefined ? [] : [[service, needed] as const])),
  )
}
