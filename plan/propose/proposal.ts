import type { Hold } from '../../schemas/holds.js'
import type { Source } from '../../schemas/sources.js'

/** A source that is proposed, and why it is as it is. */
export interface ProposedSource {
  readonly name: string
  readonly source: Source
  readonly because: readonly string[]
}

export interface ProposedPlan {
  readonly name: string
  readonly description: string
  readonly hold?: Pick<Hold, 'services'>
  readonly holdBecause: readonly string[]
  readonly sources: readonly ProposedSource[]
  /** What was seen, and is not in the plan, each with its reason. */
  readonly leftOut: readonly string[]
  /** What only a person can do before it works. */
  readonly toDo: readonly string[]
}

export interface Proposal {
  readonly plans: readonly ProposedPlan[]
  /** What belongs to no plan, each with its reason. */
  readonly leftOut: readonly string[]
}

/** A name that plans and sources may have, near to what something is called. */
export function nameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 50)
    .replace(/-+$/, '')
  return name === '' ? 'data' : name
}

/** More things of one name than any machine has. */
const MOST_ALIKE = 1000

/** The name, or the name with the first number that makes it another one. */
export function unusedName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; number < MOST_ALIKE; number++)
    if (!taken.has(`${name}-${number}`)) return `${name}-${number}`
  return `${name}-${taken.size}`
}
