import { Context } from '@temporalio/activity'
import type { Item } from '../core/backup.js'
import { assert } from '../core/assert.js'
import { HoldfastError } from '../core/errors.js'
import { selectItems } from '../core/restore-plan.js'
import type { StageInput, StagedItem } from '../core/work/restore.js'
import type { DataActivities, QuestionActivities } from './activities.js'
import { contentProblem } from './catalog/check-objects.js'
import { withHeartbeat } from './heartbeat.js'
import { dataKeyOf } from './keys/backup-keys.js'
import { objectReader } from './pipeline/object-reader.js'
import {
  damaged,
  othersThan,
  previewRestore,
  requireAllowed,
  requireBelievable,
  targetOf,
} from './preview-restore.js'
import { restoreRecords, type RestoreAttempt } from './restore-records.js'
import { sources } from './sources/registry.js'
import type { ObjectReader } from './sources/driver.js'
import { describeRestore, listRestores, previewUndo, showRestore } from './show-restores.js'
import { discardRestore, swapRestore } from './swap-restore.js'
import type { Tools } from './tools.js'
import { undoRestore } from './undo-restore.js'
import { withDriver, type DriverWork, type SourceDrivers } from './with-driver.js'

/** From a backup to data in its place: looked at, laid beside, swapped in; or cleared away again. */
export const restoreActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<DataActivities, 'stageRestore' | 'swapRestore' | 'undoRestore' | 'discardRestore'> &
  Pick<
    QuestionActivities,
    'previewRestore' | 'listRestores' | 'showRestore' | 'describeRestore' | 'previewUndo'
  > => {
  const work = (signal: AbortSignal): DriverWork => ({ tools, drivers, signal })
  return {
    previewRestore: (request, restoreId) =>
      withHeartbeat((signal) => previewRestore(work(signal), request, restoreId)),
    listRestores: () => withHeartbeat(() => listRestores(tools)),
    showRestore: (restoreId) => withHeartbeat(() => showRestore(tools, restoreId)),
    describeRestore: (restoreId) => withHeartbeat((signal) => describeRestore(work(signal), restoreId)),
    previewUndo: (restoreId) => withHeartbeat((signal) => previewUndo(work(signal), restoreId)),
    stageRestore: (input) => withHeartbeat((signal) => stage(work(signal), input)),
    swapRestore: (items, grants = []) =>
      withHeartbeat((signal) => swapRestore(work(signal), items, { run: ownRun(), grants })),
    undoRestore: (restoreId) => withHeartbeat((signal) => undoRestore(work(signal), restoreId, ownRun())),
    discardRestore: (items) => withHeartbeat((signal) => discardRestore(work(signal), items)),
  }
}

/** The run that has asked for this. */
function ownRun(): RestoreAttempt {
  const { workflowExecution } = Context.current().info
  assert(workflowExecution, 'a restore is asked for by a workflow')
  const { workflowId, runId } = workflowExecution
  return { workflowId, runId }
}

async function stage(work: DriverWork, input: StageInput): Promise<StagedItem> {
  const { tools, signal } = work
  const { restoreId, backupId, destination: name, source, request } = input
  const located = await tools.catalog.find(
    // Also when it was deleted since the restore began: what is half restored must come to its end.
    { backupId, destination: name, among: 'all' },
    signal,
  )
  const manifest = requireBelievable(located, request, tools.site.host)
  const item = selectItems(manifest.items, request).find((one) => one.source === source)
  if (!item)
    throw new HoldfastError('flag.invalid', `Source "${source}" is not part of restore ${restoreId}.`, {
      hint: 'Start the restore again.',
    })
  await requireAllowed(tools, item, request, signal)
  await requireNotSwapped(tools, restoreId)
  const destination = await tools.destination(name, signal)
  const dataKey = await dataKeyOf(tools.keys, { destination, manifest }, signal)
  const backup = { destination, plan: manifest.plan, backupId: manifest.id, signal }
  const reader = objectReader({ ...backup, ...(dataKey ? { dataKey } : {}) })
  if (request.verifyFirst) await requireIntact(item, reader, input, signal)

  const moves = await withDriver(work, { sourceName: source, type: item.type }, (driver, context) =>
    driver.stage(item, targetOf(request, restoreId, othersThan(item, manifest, request)), reader, context),
  )
  const staged: StagedItem = { source, type: item.type, restoreId, moves }
  await remember(tools, staged, input)
  return staged
}

/** What a swap left behind (safety copies, half of a restore) must not be forgotten for a new beginning. */
async function requireNotSwapped({ site }: Tools, restoreId: string): Promise<void> {
  const record = await restoreRecords(site.stateDir).read(restoreId)
  if (!record || record.state === 'staged' || record.state === 'undone') return
  throw new HoldfastError(
    'restore.not-allowed',
    `Restore ${restoreId} has replaced data already (${record.state}).`,
    {
      hint: `See it with \`holdfast restore show ${restoreId}\`, end it with \`resume\` or \`undo\`, or start a new restore.`,
    },
  )
}

async function requireIntact(
  { objects }: Item,
  reader: ObjectReader,
  { backupId, destination }: StageInput,
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    const problem = await contentProblem(reader, object, signal)
    if (problem !== undefined) throw damaged(backupId, destination, [problem])
  }
}

/** A restore begins anew with its first item: what an undone one left in the record is not staged any more. */
async function remember({ site, clock }: Tools, staged: StagedItem, input: StageInput): Promise<void> {
  const records = restoreRecords(site.stateDir)
  const before = await records.read(staged.restoreId)
  const others =
    before?.state === 'staged' ? before.items.filter(({ source }) => source !== staged.source) : []
  await records.write({
    restoreId: staged.restoreId,
    backupId: input.backupId,
    destination: input.destination,
    host: site.host,
    startedAt: before?.startedAt ?? clock().toISOString(),
    state: 'staged',
    scope: input.scope,
    request: input.request,
    items: [...others, staged],
  })
}
