import { HoldfastError } from '../../core/errors.js'
import type { KeyDriver } from './key.js'
import { bytesOfDigits } from './digits.js'
import { localKey } from './local-key.js'

/** 64 hex digits in a variable of the worker. */
export const environment: KeyDriver<'env'> = async (name, { variable }, world) => {
  const value = Object.hasOwn(world.environment, variable) ? world.environment[variable] : undefined
  if (value === undefined || value === '') {
    throw new HoldfastError(
      'key.not-found',
      `Environment variable ${variable} of key "${name}" is not set where Holdfast runs.`,
      { hint: `Set ${variable} for the worker, to the 64 hex digits of the key, and start it again.` },
    )
  }
  const bytes = bytesOfDigits(value)
  if (bytes) return localKey(name, bytes)
  throw new HoldfastError(
    'key.invalid',
    `Environment variable ${variable} of key "${name}" holds no key: ${value.length} characters.`,
    { hint: 'A key is 64 hex digits, as its recovery sheet shows them.' },
  )
}
