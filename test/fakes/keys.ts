import { localKey } from '../../activities/keys/local-key.js'
import type { Key, Keys } from '../../activities/keys/key.js'
import { HoldfastError } from '../../core/errors.js'

/** A key like no other, the same every time. */
export const testKey = (name: string): Key => localKey(name, Buffer.alloc(32, name))

/** The keys that a host has, by their names. */
export const fakeKeys = (names: readonly string[]): Keys => ({
  named: async (name) => {
    if (names.includes(name)) return testKey(name)
    throw new HoldfastError('key.not-found', `There is no key "${name}".`)
  },
  all: async () => ({ keys: names.map(testKey), problems: [] }),
})
