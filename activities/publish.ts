import { Readable } from 'node:stream'
import {
  dataVerdictOf,
  ENCRYPTION_SCHEME,
  judged,
  sourceSummaryOf,
  summaryOf,
  MANIFEST_FORMAT,
  type Item,
  type Manifest,
} from '../core/backup.js'
import { backupAlarms } from '../core/backup-alarms.js'
import { isSealed, type EncryptedManifest } from '../core/encrypted-manifest.js'
import { HoldfastError } from '../core/errors.js'
import { implausibilities } from '../core/plausibility.js'
import { backupFolder, manifestCodeName, manifestName, planFolder, runObjectName } from '../core/ids.js'
import type { PublishInput, PublishResult } from '../core/work/capture.js'
import type { DataActivities } from './activities.js'
import { readManifest } from './catalog/read-manifest.js'
import { removeBackup } from './catalog/remove-backup.js'
import { readRun, runObject } from './catalog/run-object.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import { makeDataKey } from './keys/data-key.js'
import { codeOf } from './keys/derive.js'
import { keysNamed, requireDataKey } from './keys/backup-keys.js'
import { sealManifest } from './keys/sealed-manifest.js'
import type { Tools } from './tools.js'

/** What makes a folder at a destination a backup, and what takes away one that never became one. */
export const publishActivities = (
  tools: Tools,
): Pick<DataActivities, 'prepareBackup' | 'publish' | 'discardBackup'> => ({
  prepareBackup: (input) => withHeartbeat((signal) => prepare(tools, input, signal)),
  publish: (input) => withHeartbeat((signal) => publish(tools, input, signal)),
  discardBackup: (input) => withHeartbeat((signal) => discard(tools, input, signal)),
})

/** The first object of a backup says whose it is; then its data key is made, before anything is encrypted under it. */
async function prepare(
  tools: Tools,
  input: Parameters<DataActivities['prepareBackup']>[0],
  signal: AbortSignal,
): Promise<void> {
  const { plan, backupId, encryption } = input
  // A plan has one run at a time: what it has in the spool now was left by one that was ended from outside.
  await tools.spool.discard(planFolder(input.plan))
  const destination = await tools.destination(input.destination, signal)
  await claim(tools, destination, input, signal)
  if (encryption === undefined) return
  const keys = await keysNamed(tools.keys, encryption.keys)
  await makeDataKey({ destination, plan, backupId }, { keys, random: tools.random }, signal)
}

/** A retry finds its own, another run must not write here. */
async function claim(
  { site: { host } }: Tools,
  destination: Destination,
  { plan, backupId, site, run }: Parameters<DataActivities['prepareBackup']>[0],
  signal: AbortSignal,
): Promise<void> {
  try {
    const ours = runObject({ site, host, run })
    await destination.put(runObjectName(plan, backupId), Readable.from([ours]), { signal })
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'object.conflict') throw error
    const theirs = await readRun(destination, { plan, backupId }, signal)
    if (theirs?.run.workflowId === run.workflowId && theirs.run.runId === run.runId) return
    throw new HoldfastError(
      'object.conflict',
      `Backup ${backupId} at destination "${destination.name}" belongs to another run: ${theirs?.run.workflowId ?? 'an unknown one'}.`,
      { hint: 'Start the backup again: it gets an id of its own.', cause: error },
    )
  }
}

async function publish(tools: Tools, input: PublishInput, signal: AbortSignal): Promise<PublishResult> {
  const { backupId, run, job } = input
  const destination = await tools.destination(input.destination, signal)
  const before = await publishedBefore(destination, { plan: job.plan, backupId }, signal)
  // The bytes are fixed by whoever came first: a retry after a lost answer must not try other ones.
  if (before?.run.workflowId === run.workflowId && before.run.runId === run.runId)
    return resultOf(before, destination)

  await requireObjects(destination, backupFolder(job.plan, backupId), input.items, signal)
  const manifest = await write(tools, destination, input, signal)
  const result = resultOf(manifest, destination)
  const { isGood } = result.summary
  tools.log.info('backup published', { backupId, destination: destination.name, isGood })
  // Not at the next look only: whoever has just made the first backup would be told that there is none.
  if (isGood) await tools.alarms.resolve(backupAlarms.stale(job.plan))
  return result
}

/** The code comes first: a manifest is never there without it. */
async function write(
  tools: Tools,
  destination: Destination,
  input: PublishInput,
  signal: AbortSignal,
): Promise<Manifest | EncryptedManifest> {
  const { backupId, job } = input
  const manifest = manifestOf(tools, input, await suspicionsOf(tools, input, signal))
  if (job.encryption === undefined) {
    await put(destination, manifestName(job.plan, backupId), textOf(manifest), signal)
    return manifest
  }
  const place = { destination, plan: job.plan, backupId }
  const keys = await keysNamed(tools.keys, job.encryption.keys)
  const dataKey = await requireDataKey(place, keys, signal)
  const encryption = { scheme: ENCRYPTION_SCHEME, keyIds: keys.map(({ id }) => id) } as const
  const sealed = await sealManifest({ ...manifest, encryption }, dataKey)
  const bytes = textOf(sealed)
  const code = Buffer.from(`${codeOf(dataKey, 'manifest', bytes)}\n`)
  await put(destination, manifestCodeName(job.plan, backupId), code, signal)
  await put(destination, manifestName(job.plan, backupId), bytes, signal)
  return sealed
}

const textOf = (manifest: Manifest | EncryptedManifest): Buffer =>
  Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)

const put = (destination: Destination, name: string, bytes: Buffer, signal: AbortSignal) =>
  destination.put(name, Readable.from([bytes]), { signal })

function resultOf(manifest: Manifest | EncryptedManifest, { name }: Destination): PublishResult {
  const summary = summaryOf(manifest, name)
  return { summary: isSealed(manifest) ? judged(summary, 'authentic') : summary }
}

async function publishedBefore(
  destination: Destination,
  backup: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<Manifest | EncryptedManifest | undefined> {
  const exists = await destination.stat(manifestName(backup.plan, backup.backupId), signal)
  return exists && (await readManifest(destination, backup, signal)).manifest
}

/** A manifest must never name what is not there: right before it is written, every object is looked at once more. */
async function requireObjects(
  destination: Destination,
  folder: string,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name, storedBytes } of items.flatMap(({ objects }) => objects)) {
    const found = await destination.stat(`${folder}${name}`, signal)
    if (found?.bytes === storedBytes) continue
    const what = found ? `has ${found.bytes} bytes instead of ${storedBytes}` : 'is not there any more'
    throw new HoldfastError(
      'object.corrupt',
      `Object ${folder}${name} at destination "${destination.name}" ${what}: the backup is not published.`,
      { hint: 'Look at the disk, and at who else can write or delete there. Then run the backup again.' },
    )
  }
}

/** A subset is compared with nothing: it counts for nothing either. */
async function suspicionsOf(
  { catalog }: Tools,
  { job, items, subsetOf, destination }: PublishInput,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { plan, site, plausibility } = job
  if (plausibility === undefined || subsetOf !== undefined) return []
  const { backups } = await catalog.list({ plan, destination }, signal)
  const own = backups.filter((backup) => backup.site === site)
  return implausibilities(items.map(sourceSummaryOf), own, plausibility)
}

function manifestOf(tools: Tools, input: PublishInput, suspectBecause: readonly string[]): Manifest {
  const { job, backupId, takenAt, description, subsetOf, items, holds, servicesVerdict, run } = input
  return {
    format: MANIFEST_FORMAT,
    id: backupId,
    site: job.site,
    plan: job.plan,
    ...(description === undefined ? {} : { description }),
    host: { name: tools.site.host, os: process.platform, architecture: process.arch },
    versions: tools.versions,
    run,
    takenAt: inUtc(takenAt),
    completedAt: inUtc(input.completedAt),
    verdicts: { data: dataVerdictOf(items, suspectBecause), services: servicesVerdict },
    ...(subsetOf === undefined ? {} : { subsetOf }),
    ...(suspectBecause.length === 0 ? {} : { suspectBecause }),
    tolerate: job.tolerate,
    holds,
    items,
    planText: job.planText,
    planSha256: job.planSha256,
  }
}

/** Temporal writes its times with nanoseconds; manifests sort as text. */
const inUtc = (time: string): string => new Date(time).toISOString()

async function discard(
  tools: Tools,
  { plan, backupId, destination: name }: Parameters<DataActivities['discardBackup']>[0],
  signal: AbortSignal,
): Promise<void> {
  // First: the destination may be what failed.
  await tools.spool.discard(backupFolder(plan, backupId))
  const destination = await tools.destination(name, signal)
  if (await destination.stat(manifestName(plan, backupId), signal)) {
    tools.log.warn('backup not discarded: it is published', { backupId, destination: name })
    return
  }
  await removeBackup(destination, { plan, backupId }, signal)
}
