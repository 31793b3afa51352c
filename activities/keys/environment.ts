import { HoldfastError } from '../../core/errors.js'
import type { KeyDriver } from './key.js'
import { readDigits } from './digits.js'
import { localKey } from './local-key.js'

/** A key in a variable of the worker: the digits of its recovery sheet. */
export const environment: KeyDriver<'env'> = async (name, { variable }, world) => {
  const value = Object.hasOwn(world.environment, variable) ? world.environment[variable] : undefined
  if (value === undefined || value === '') {
    throw new HoldfastError(
      'key.not-found',
      `Environment variable ${variable} of key "${name}" is not set where Holdfast runs.`,
      {
        hint: `Set ${variable} for the worker, to the digits of the key, as its recovery sheet has them, and start it again.`,
      },
    )
  }
  const read = readDigits(value)
  if (read.problem === undefined) return localKey(name, read.key)
  throw new HoldfastError(
    'key.invalid',
    `Environment variable ${variable} of key "${name}" holds no key. ${read.problem}`,
    { hint: 'It takes the four lines of digits of a recovery sheet, or the 64 digits of the key alone.' },
  )
}
