import type { ConnectionLike } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { searchAttributes } from '../core/messages.js'

/** A run of a month ago can still be looked at. */
const RETENTION = '30 days'
/** `INDEXED_VALUE_TYPE_KEYWORD` of temporal.api.enums.v1. */
const KEYWORD = 2

type Services = Pick<ConnectionLike, 'workflowService' | 'operatorService'>

/**
 * Makes the namespace what we need: search attributes and retention. At each start, since the server takes search
 * attributes from its command line only for a new database. May run twice.
 */
export async function prepareNamespace(connection: Services, namespace: string): Promise<void> {
  await addSearchAttributes(connection, namespace)
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(RETENTION) },
  })
}

async function addSearchAttributes(connection: Services, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  const missing = Object.values(searchAttributes).filter((name) => !(name in (customAttributes ?? {})))
  if (missing.length === 0) return
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  })
}
