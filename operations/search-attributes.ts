import { SearchAttributeType, defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common'
import { searchAttributes } from '../core/messages.js'

type AttributeName = keyof typeof searchAttributes

/** Kinds of runs, as HoldfastKind says them. */
export type RunKind = 'backup' | 'restore' | 'replicate' | 'retention' | 'rotate' | 'verify'

/** Typed pairs for starts and schedules; what is undefined is left out. All are Keyword, none is ever a secret. */
export function searchAttributePairs(
  values: Partial<Readonly<Record<AttributeName, string | undefined>>>,
): SearchAttributePair[] {
  return (Object.keys(values) as AttributeName[]).flatMap((name) => {
    const value = values[name]
    if (value === undefined) return []
    return [{ key: defineSearchAttributeKey(searchAttributes[name], SearchAttributeType.KEYWORD), value }]
  })
}

/** A condition of a visibility query. */
export const equals = (name: AttributeName, value: string): string =>
  `${searchAttributes[name]} = '${value.replaceAll("'", "''")}'`
