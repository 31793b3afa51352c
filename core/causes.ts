/** How many are followed: chains are short, loops are bugs. */
const MAX_CAUSES = 10

/** The error and what caused it, outermost first; empty for what is no error. */
export function causesOf(thrown: unknown): Error[] {
  const chain: Error[] = []
  for (let current = thrown; current instanceof Error && chain.length < MAX_CAUSES; current = current.cause) {
    chain.push(current)
  }
  return chain
}

/** In the words of whoever failed. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)
