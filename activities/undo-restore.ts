import { HoldfastError } from '../core/errors.js'
import { alarmCauses } from '../core/hold-alarms.js'
import { laterRestore, undoStep } from '../core/restore-end.js'
import type { StagedItem, SwappedItem } from '../core/work/restore.js'
import type { SourceType } from '../schemas/sources.js'
import { restoreRecords, type RestoreAttempt, type RestoreRecord } from './restore-records.js'
import { withDriver, type DriverWork } from './with-driver.js'

/**
 * Brings the old data back as far as it was replaced, the last source first, and removes what was staged. May run twice,
 * and be killed anywhere: the record says that it was begun. Fails as `requireUndoable` does, and then nothing was touched.
 */
export async function undoRestore(
  work: DriverWork,
  restoreId: string,
  run: RestoreAttempt,
): Promise<readonly SwappedItem[]> {
  const records = restoreRecords(work.tools.site.stateDir)
  return records.withLock(restoreId, work.signal, async () => {
    const record = await records.require(restoreId)
    if (record.state === 'undone') return []
    await requireUndoable(work, record)
    await records.write({ ...record, run, state: 'undoing' })
    for (const item of record.items.toReversed()) {
      work.signal.throwIfAborted()
      await ofDriver(work, item, (driver, context) => driver.discard(item.moves, context))
    }
    // Nothing is staged or kept any more; what went wrong before is over.
    const { failure: _failure, kept: _kept, ...rest } = record
    await records.write({ ...rest, state: 'undone', items: [] })
    await work.tools.alarms.resolve(alarmCauses.halfRestored(restoreId))
    return record.items.map(({ source, moves }) => ({
      source,
      safetyCopies: [],
      restored: moves.map(({ target }) => `${target} is as it was before the restore`),
    }))
  })
}

/**
 * Whether the old data can come back. Fails with `restore.conflict` when a safety copy is gone, since an undo would leave
 * nothing in place of the restored data, and when a later restore has replaced the same data.
 */
export async function requireUndoable(work: DriverWork, record: RestoreRecord): Promise<void> {
  const { records } = await restoreRecords(work.tools.site.stateDir).list()
  const later = laterRestore(record, records)
  if (later !== undefined) {
    throw new HoldfastError(
      'restore.conflict',
      `Restore ${later.restoreId} has replaced the same data after ${record.restoreId}.`,
      { hint: `Undo that one first: \`holdfast restore undo ${later.restoreId}\`.` },
    )
  }
  // An undo that was begun has brought back some of the copies itself.
  if (record.state !== 'swapped') return
  for (const item of record.items) {
    const present = await safetyCopiesOf(work, item)
    const missing = (record.kept?.[item.source] ?? []).filter((name) => !present.includes(name))
    if (missing.length > 0) throw copiesGone(record, item, missing)
  }
}

/** Names of what was put aside, as far as it is there now. Changes nothing. */
export const safetyCopiesOf = (work: DriverWork, item: StagedItem): Promise<readonly string[]> =>
  ofDriver(work, item, (driver, context) => driver.kept(item.moves, context))

const copiesGone = ({ restoreId }: RestoreRecord, { source }: StagedItem, missing: readonly string[]) =>
  new HoldfastError(
    'restore.conflict',
    `Restore ${restoreId} cannot be undone: the old data of "${source}", ${missing.join(', ')}, is gone. Nothing was touched.`,
    { hint: 'Restore another backup instead.' },
  )

/** What an undo would do, in sentences. Fails as the undo would. */
export async function effectsOfUndo(work: DriverWork, record: RestoreRecord): Promise<readonly string[]> {
  const step = undoStep({ ...record, down: ['unknown'] })
  if (step === 'start') return []
  await requireUndoable(work, record)
  return record.items.flatMap(({ source, moves }) =>
    moves.map(({ target, staged, safety }) => {
      if (record.state === 'staged') return `${source}: removes ${staged}, which was not in use yet`
      return record.kept?.[source]?.includes(safety) === false
        ? `${source}: removes ${target}, which was not there before, with all that was written to it since`
        : `${source}: brings back what ${target} was before; what was restored, and written to it since, is removed`
    }),
  )
}

const ofDriver = <T>(
  work: DriverWork,
  { source, type }: StagedItem,
  use: Parameters<typeof withDriver<T>>[2],
): Promise<T> => withDriver(work, { sourceName: source, type: type as SourceType }, use)
