/** For what cannot happen unless our own code is wrong. Expected failures are `HoldfastError`s. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Impossible: ${message}`)
}

/** Makes the compiler prove that a union was handled whole. */
export function assertNever(value: never): never {
  throw new Error(`Impossible: unexpected ${JSON.stringify(value)}`)
}
