import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { HoldfastError } from '../core/errors.js'
import { taskQueues } from '../core/ids.js'

/** A worker asks its queue at least once a minute; one that has not for this long is gone. */
const SEEN_WITHIN_MS = 90_000

/** A random name of this state folder's machine, made once: host names are given twice more often than people think. */
export async function machineId(stateDir: string, random: (digits: number) => string): Promise<string> {
  const file = join(stateDir, 'machine-id')
  // Read first: making it needs room on the disk, and a worker must come back without.
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known.trim() !== '') return known.trim()
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const scratch = await mkdtemp(`${file}.`)
  try {
    const own = join(scratch, 'own')
    await writeFile(own, `${random(16)}\n`, { mode: 0o600 })
    // Another worker of this machine may be making it too: the first one counts for both.
    await link(own, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    return (await readFile(file, 'utf8')).trim()
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** How a worker names itself to Temporal: what it does, for which host, on which machine, as which process. */
export const identityOf = (worker: { taskQueue: string; machine: string; pid: number }): string =>
  `${worker.taskQueue}@${worker.machine}#${worker.pid}`

/** The machines that have asked for this host's work lately; those that are no workers of ours are left out. */
export function machinesSeen(
  pollers: readonly { readonly identity: string; readonly lastSeenAt: Date }[],
  now: Date,
): string[] {
  const recent = pollers.filter(({ lastSeenAt }) => now.getTime() - lastSeenAt.getTime() < SEEN_WITHIN_MS)
  return [...new Set(recent.flatMap(({ identity }) => /@([0-9a-f]+)#\d+$/.exec(identity)?.[1] ?? []))]
}

/**
 * Fails with `agent.running` when another machine serves this host's name: its services would be stopped here and started
 * there.
 */
export async function refuseSecondMachine(
  client: Client,
  own: { readonly host: string; readonly machine: string; readonly now: Date },
): Promise<void> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueues.wait(own.host) },
    taskQueueType: ACTIVITY_QUEUE,
  })
  const seen = (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    lastSeenAt: new Date(Number(lastAccessTime?.seconds ?? 0) * 1000),
  }))
  const other = machinesSeen(seen, own.now).find((machine) => machine !== own.machine)
  if (other === undefined) return
  throw new HoldfastError(
    'agent.running',
    `Another machine (${other}) serves the host "${own.host}"; this one is ${own.machine}.`,
    {
      hint: `Give each machine its own \`host\` in holdfast.yaml. When the other is gone for good, this one takes over after ${SEEN_WITHIN_MS / 1000} seconds by itself.`,
      details: { host: own.host, machine: own.machine, other },
    },
  )
}

/** `TASK_QUEUE_TYPE_ACTIVITY` of temporal.api.enums.v1. */
const ACTIVITY_QUEUE = 2
