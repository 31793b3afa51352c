import { HoldfastError } from '../../core/errors.js'
import { endsOf } from '../../core/hold-alarms.js'
import type { ObservedService, StartRequest, StartResult } from '../../core/work/holds.js'
import type { JournalEntry } from '../journal/journal.js'
import { awaitHealth } from './health.js'
import { startEntry } from './start-entry.js'
import type { HoldTools } from './tools.js'

/**
 * Pays back what the journal says we owe: exactly the state before, then the entry goes. May run twice, and be killed
 * anywhere. Without an entry nothing is owed, and nothing is done. Up but not healthy is a result, not an error; what does not
 * stay up fails with `service.start-failed`, and what a restore holds with `restore.conflict`: then the entry stays.
 */
export const startOwed = (
  tools: HoldTools,
  request: StartRequest,
  signal: AbortSignal,
): Promise<StartResult> =>
  tools.journal.withLock(request.service, signal, async () => {
    const entry = await tools.journal.read(request.service)
    if (!entry) return nothingOwed(tools, request, signal)
    if (entry.lease === 'write' && request.lease === 'read') throw heldByRestore(entry)
    return startEntry(tools, entry, { healthyWithinMs: request.healthyWithinMs }, signal)
  })

/** Starting on half-restored data destroys data. */
const heldByRestore = ({ service, guard, restoreId }: JournalEntry) =>
  new HoldfastError(
    'restore.conflict',
    `${service} is kept down by a restore that has not ended (${restoreId ?? guard.workflowId}).`,
    {
      hint: endsOf(service, restoreId),
    },
  )

/** It was restored already, or was not running before; an attempt that died after its last step may not have told. */
async function nothingOwed(
  tools: HoldTools,
  { service, healthyWithinMs }: StartRequest,
  signal: AbortSignal,
): Promise<StartResult> {
  const { driver, name } = tools.services.driver(service)
  const seen: ObservedService | undefined = await driver.observe(name, signal).catch((error: unknown) => {
    if (error instanceof HoldfastError && error.code === 'service.not-found') return undefined
    throw error
  })
  const startedAt = seen?.startedAt === undefined ? tools.clock() : new Date(seen.startedAt)
  const health =
    seen?.state === 'running' ? await awaitHealth({ driver, name, healthyWithinMs, signal }) : ('ok' as const)
  return { startedAt: startedAt.toISOString(), downtimeMs: 0, health }
}
