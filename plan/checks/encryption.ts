import { didYouMean } from '../../core/suggest.js'
import type { PlanFile } from '../../schemas/plan.js'
import { errorAt, type Draft, type Mistake } from '../mistakes.js'
import type { SiteFacts } from './facts.js'

/** Whether the keys exist. */
export function encryptionMistakes({ encryption }: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  if (typeof encryption !== 'object') return []
  const names = Object.keys(site.keys)
  const list =
    names.length > 0
      ? `There are ${names.slice(0, 10).join(', ')}.`
      : 'Define it under "keys" there, then make it with `holdfast key create`.'
  return (encryption.keys ?? []).flatMap((name, index) =>
    Object.hasOwn(site.keys, name)
      ? []
      : [
          errorAt(
            ['encryption', 'keys', index],
            `holdfast.yaml defines no key "${name}".`,
            didYouMean(name, names) ?? list,
          ),
        ],
  )
}
