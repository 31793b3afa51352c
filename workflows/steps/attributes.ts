import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common'
import type { SearchAttributeUpdatePair } from '@temporalio/common'
import { searchAttributes } from '../../core/messages.js'

type AttributeName = keyof typeof searchAttributes

/** What lists of runs are filtered by: `attributes({ plan, kind: 'backup' })`. */
export function attributes(
  values: Readonly<Partial<Record<AttributeName, string>>>,
): SearchAttributeUpdatePair[] {
  return (Object.entries(values) as [AttributeName, string][]).map(([name, value]) => ({
    key: defineSearchAttributeKey(searchAttributes[name], SearchAttributeType.KEYWORD),
    value,
  }))
}
