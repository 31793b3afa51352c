import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import { didYouMean } from '../../core/suggest.js'
import type { KeyType } from '../../schemas/keys.js'
import type { Key, KeyDriver, Keys, KeyWorld } from './key.js'
import { keyDrivers } from './registry.js'

/** The keys of a site. Read anew each time: a key that was brought back counts without a restart. */
export function createKeys(site: Pick<Site, 'keys' | 'configFile'>, world: KeyWorld): Keys {
  const names = Object.keys(site.keys)
  const named = async (name: string): Promise<Key> => {
    const definition = Object.hasOwn(site.keys, name) ? site.keys[name] : undefined
    if (!definition) throw unknown(name, names, site.configFile)
    // The registry maps each type to its driver; the compiler cannot carry that through a variable.
    return (keyDrivers[definition.type] as KeyDriver<KeyType>)(name, definition, world)
  }
  return {
    named,
    all: async () => {
      const keys: Key[] = []
      const problems: string[] = []
      for (const name of names) {
        try {
          keys.push(await named(name))
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error
          problems.push(error.message)
        }
      }
      return { keys, problems }
    },
  }
}

const unknown = (name: string, names: readonly string[], configFile: string): HoldfastError =>
  new HoldfastError('key.not-found', `There is no key "${name}" in ${configFile}.`, {
    hint:
      didYouMean(name, names) ??
      (names.length > 0 ? `It has: ${names.join(', ')}.` : 'Add it under `keys:`.'),
  })
