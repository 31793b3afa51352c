import { HoldfastError } from '../../core/errors.js'

/** Whether a stop failed before it began: it was not allowed, or could not even be asked for. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof HoldfastError && (error.kind === 'denied' || error.kind === 'input')
