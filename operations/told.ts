import { HoldfastError } from '../core/errors.js'

/** An expected failure becomes a sentence beside what else is known. */
export async function told<T>(work: Promise<T> | undefined): Promise<{ value?: T; problem?: string }> {
  try {
    return work === undefined ? {} : { value: await work }
  } catch (error) {
    if (error instanceof HoldfastError) return { problem: error.message }
    throw error
  }
}
