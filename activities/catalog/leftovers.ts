import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import { parseBackupId } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'
import type { Log } from '../log.js'
import { backupOfManifest } from './read-manifest.js'
import { probe } from './probe.js'
import { readRun } from './run-object.js'

/** When nobody knows the run any more, only what nothing was added to for so long is surely abandoned. */
const ABANDONED_AFTER_MS = 7 * 86_400_000

interface Folder {
  readonly backupId: string
  readonly hasManifest: boolean
  /** Of its newest object, by the store's clock. */
  readonly newest: number
}

/**
 * Ids of a plan's folders that never became backups and that no run will finish: the run has closed, or nobody knows it
 * and nothing was written for seven days by the store's own clock. In doubt, a folder is not among them.
 */
export async function leftovers(
  {
    client,
    site,
    random,
    log,
  }: {
    client: Client
    site: { readonly site: string }
    random: (digits: number) => string
    log: Log
  },
  destination: Destination,
  plan: string,
  signal: AbortSignal,
): Promise<string[]> {
  const unfinished = (await foldersOf(destination, plan, signal)).filter(({ hasManifest }) => !hasManifest)
  const found: string[] = []
  let storeTime: Date | undefined
  for (const { backupId, newest } of unfinished) {
    const origin = await readRun(destination, { plan, backupId }, signal)
    if (origin && origin.site !== site.site) continue
    const state = origin ? await stateOf(client, origin.run, log) : 'unknown'
    if (state === 'unknown') storeTime ??= (await probe(destination, random, signal)).storeTime
    const isAbandoned = storeTime !== undefined && storeTime.getTime() - newest > ABANDONED_AFTER_MS
    if (state === 'closed' || (state === 'unknown' && isAbandoned)) found.push(backupId)
  }
  return found
}

async function foldersOf(destination: Destination, plan: string, signal: AbortSignal): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  const prefix = `plans/${plan}/`
  for await (const { name, modifiedAt } of destination.list(prefix, signal)) {
    const backupId = name.slice(prefix.length).split('/')[0] ?? ''
    // What does not look like ours was not put there by us.
    if (parseBackupId(backupId)?.plan !== plan) continue
    const { hasManifest = false, newest = -Infinity } = folders.get(backupId) ?? {}
    folders.set(backupId, {
      backupId,
      hasManifest: hasManifest || backupOfManifest(name) !== undefined,
      newest: Math.max(newest, modifiedAt.getTime()),
    })
  }
  return [...folders.values()]
}

async function stateOf(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
  log: Log,
): Promise<'open' | 'closed' | 'unknown'> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe()
    return status.name === 'RUNNING' || status.name === 'PAUSED' ? 'open' : 'closed'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown'
    // Temporal does not answer: the run may be as alive as ever.
    log.warn('unfinished backup kept: its run cannot be asked for', { workflowId, error })
    return 'open'
  }
}
