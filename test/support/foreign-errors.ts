import { types } from 'node:util'

/**
 * Lets `instanceof Error` know the errors of Node itself: test files run in a realm of their own, to which those are
 * foreign. A library that asks would treat them otherwise than it does in a worker.
 */
export function knowForeignErrors(): void {
  const usual = Function.prototype[Symbol.hasInstance]
  Object.defineProperty(Error, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return this === Error ? types.isNativeError(value) : usual.call(this as typeof Error, value)
    },
  })
}
