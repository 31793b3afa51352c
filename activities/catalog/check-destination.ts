import { HoldfastError } from '../../core/errors.js'
import { formatBytes } from '../../core/units.js'
import type { Tools } from '../tools.js'
import { probe } from './probe.js'

/**
 * That a backup of the plan can be written there: it answers, takes an object, gives it back, and has room for as much as the
 * last good backup needed. Answers what is odd. Fails with codes `destination.*`.
 */
export async function checkDestination(
  tools: Pick<Tools, 'destination' | 'catalog' | 'random'>,
  { name, site, plan }: { name: string; site: string; plan: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const destination = await tools.destination(name, signal)
  await probe(destination, tools.random, signal)
  const free = await destination.freeBytes(signal)
  const { backups, problems } = await tools.catalog.list({ plan, destination: name }, signal)
  const newest = backups.filter((backup) => backup.isGood && backup.site === site).at(-1)
  if (free === undefined || newest === undefined || free >= newest.storedBytes) return problems
  throw new HoldfastError(
    'destination.full',
    `Destination "${name}" has ${formatBytes(free)} left; the last good backup of "${plan}" took ${formatBytes(newest.storedBytes)}.`,
    { hint: `Make room there, or remove old backups: \`holdfast backup cleanup ${plan}\`.` },
  )
}
