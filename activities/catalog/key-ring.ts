import type { KeyFacts } from '../../core/authenticity.js'
import type { Key, Keys } from '../keys/key.js'

/** What this host knows of keys, looked up once for a whole listing. */
export interface KeyRing {
  readonly keys: readonly Key[]
  factsOf(plan: string): KeyFacts
}

/** Names of the keys that a plan is encrypted for, as it is now; undefined for a plan that is not. */
export type WantedKeys = (plan: string) => readonly string[] | undefined

/** Keys that cannot be opened are as good as absent here: whoever needs one is told why. */
export async function openKeyRing(parts: {
  readonly keys: Keys
  readonly wantedKeys: () => Promise<WantedKeys>
}): Promise<KeyRing> {
  const [{ keys }, wantedKeys] = await Promise.all([parts.keys.all(), parts.wantedKeys()])
  const names = new Set(keys.map(({ name }) => name))
  return {
    keys,
    factsOf: (plan) => {
      const wanted = wantedKeys(plan)
      return { isWanted: wanted !== undefined, hasPlanKey: wanted?.some((name) => names.has(name)) ?? false }
    },
  }
}
