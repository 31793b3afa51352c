import { HoldfastError, reportOf } from '../../core/errors.js'
import { alarmCauses } from '../../core/hold-alarms.js'
import type { DamagedEntry } from '../journal/journal.js'
import { awaitHealth } from './health.js'
import type { Settled, SettleTools } from './settle-entry.js'

/**
 * Starts the service of an entry that cannot be read, because a person has said so: whether it ran before, and whether a restore
 * has it, nobody else can know. Then forgets the entry. May run twice.
 */
export async function settleDamaged(
  tools: SettleTools,
  { name: file, service }: DamagedEntry & { readonly service: string },
  { healthyWithinMs }: { readonly healthyWithinMs: number },
  signal: AbortSignal,
): Promise<Settled> {
  try {
    return await tools.journal.withLock(service, signal, async () => {
      const { driver, name } = tools.services.driver(service)
      const { state } = await driver.observe(name, signal)
      if (state !== 'running')
        await driver.start(name, { mode: state === 'paused' ? 'pause' : 'stop' }, signal)
      const health = await awaitHealth({ driver, name, healthyWithinMs, signal })
      await tools.journal.close(service)
      await tools.alarms.resolve(alarmCauses.damagedEntry(file))
      const because = 'you asked for it'
      const result = { startedAt: tools.clock().toISOString(), health }
      return { service, outcome: 'started', because, result }
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HoldfastError)) throw error
    return { service, outcome: 'failed', error: reportOf(error) }
  }
}
