import { HoldfastError } from '../errors.js'
import type { Told } from './finding.js'

/** What the work gives, or how it failed as expected; bugs are thrown. */
export async function told<T>(work: Promise<T>): Promise<Told<T>> {
  try {
    return { value: await work }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const { message, hint } = error
    return { failed: { message, ...(hint === undefined ? {} : { hint }) } }
  }
}
