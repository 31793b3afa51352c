import { isDeepStrictEqual } from 'node:util'
import { assert } from '../core/assert.js'
import { messageOf } from '../core/causes.js'
import { HoldfastError } from '../core/errors.js'
import { alarmCauses } from '../core/hold-alarms.js'
import type { LeaseGrant } from '../core/work/holds.js'
import type { StagedItem, StagedMove, SwappedItem } from '../core/work/restore.js'
import type { SourceType } from '../schemas/sources.js'
import { firstAwake, isAtRest } from './holds/still-held.js'
import { restoreRecords, type RestoreAttempt, type RestoreRecord } from './restore-records.js'
import type { Swapped } from './sources/driver.js'
import { withDriver, type DriverWork } from './with-driver.js'

/**
 * Everything that was staged takes the place of the old, or nothing does: when one item fails, the earlier ones are put
 * back. Begins only while the services of the grants stand still. Fails with `restore.failed`; `details.state` then says
 * `undone` (all is as before) or `half-undone`.
 */
export async function swapRestore(
  work: DriverWork,
  items: readonly StagedItem[],
  { run, grants }: Swap,
): Promise<readonly SwappedItem[]> {
  const [first] = items
  if (!first) return []
  const records = restoreRecords(work.tools.site.stateDir)
  return records.withLock(first.restoreId, work.signal, () => swapAll(work, items, { run, grants }))
}

export interface Swap {
  readonly run: RestoreAttempt
  readonly grants: readonly LeaseGrant[]
}

async function swapAll(
  work: DriverWork,
  items: readonly StagedItem[],
  { run, grants }: Swap,
): Promise<readonly SwappedItem[]> {
  const records = restoreRecords(work.tools.site.stateDir)
  const record = await requireStagedHere(work, items)
  // What was put back is staged no more: swapping it again would find nothing where the restored data should be.
  if (['undoing', 'undone', 'half-undone'].includes(record.state)) throw failedBefore(record)
  await requireAtRest(work, record, grants)

  await records.write({ ...record, run, state: 'swapping' })
  const swapped: SwappedItem[] = []
  const kept: Record<string, readonly string[]> = {}
  for (const item of items) {
    try {
      work.signal.throwIfAborted()
      const { kept: keptOfItem, ...result } = await driverWork(work, item, 'swap')
      kept[item.source] = keptOfItem
      swapped.push({ source: item.source, ...result })
    } catch (error) {
      throw await putBack(work, { ...record, run }, items.slice(0, swapped.length + 1), error)
    }
  }
  await records.write({ ...record, kept, state: 'swapped', swappedAt: work.tools.clock().toISOString() })
  await work.tools.alarms.resolve(alarmCauses.halfRestored(record.restoreId))
  return swapped
}

/** Undoes what was swapped and removes what was staged; what is discarded already is none of it. May run twice. */
export async function discardRestore(work: DriverWork, items: readonly StagedItem[]): Promise<void> {
  const [first] = items
  if (!first) return
  const records = restoreRecords(work.tools.site.stateDir)
  await records.withLock(first.restoreId, work.signal, async () => {
    if ((await records.read(first.restoreId)) === undefined) return
    const record = await requireStagedHere(work, items)
    for (const item of [...items].reverse()) await driverWork(work, item, 'discard')
    const left = record.items.filter(({ source }) => !items.some((item) => item.source === source))
    if (left.length === 0) await records.remove(record.restoreId)
    else await records.write({ ...record, items: left })
  })
}

async function requireStagedHere(
  { tools }: DriverWork,
  items: readonly StagedItem[],
): Promise<RestoreRecord> {
  const [first] = items
  assert(first, 'no item')
  const record = await restoreRecords(tools.site.stateDir).read(first.restoreId)
  const isStagedHere = items.every((item) => record?.items.some((known) => isSameItem(known, item)))
  if (record && isStagedHere) return record
  throw new HoldfastError(
    'restore.not-allowed',
    `Restore ${first.restoreId} has not staged all of this on host "${tools.site.host}": nothing was touched.`,
    { hint: 'Start the restore again.' },
  )
}

/** As JSON sees them: what comes back through Temporal has no keys with `undefined`. */
const isSameItem = (one: StagedItem, other: StagedItem): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)))

/** Somebody may have started a service since it was stopped: nothing is renamed under a database that runs. */
async function requireAtRest(
  { tools, signal }: DriverWork,
  { state }: RestoreRecord,
  grants: readonly LeaseGrant[],
): Promise<void> {
  const awake = await firstAwake(tools, grants, isAtRest, signal)
  if (awake === undefined) return
  throw new HoldfastError('restore.failed', `${awake} does not stand still: the swap was not begun.`, {
    hint: 'Find out what has started it, or why it cannot be looked at, then restore again.',
    // What an earlier swap has begun is not as before.
    ...(state === 'staged' ? { details: { state: 'undone' } } : {}),
  })
}

async function putBack(
  work: DriverWork,
  record: RestoreRecord,
  touched: readonly StagedItem[],
  cause: unknown,
): Promise<HoldfastError> {
  const failed = touched.at(-1)
  assert(failed, 'no item')
  // Cancelled or not: data that was half replaced is put back before anything else.
  const undisturbed = { ...work, signal: new AbortController().signal }
  const stuck: { item: StagedItem; error: unknown }[] = []
  for (const item of [...touched].reverse()) {
    try {
      await driverWork(undisturbed, item, 'discard')
    } catch (error) {
      stuck.push({ item, error })
    }
  }
  const state = stuck.length === 0 ? 'undone' : 'half-undone'
  const failure = sentenceOf(failed, cause, stuck)
  await restoreRecords(work.tools.site.stateDir).write({ ...record, state, failure })
  if (state === 'undone') await work.tools.alarms.resolve(alarmCauses.halfRestored(record.restoreId))
  return restoreFailed(state, failure, cause)
}

function sentenceOf(
  failed: StagedItem,
  cause: unknown,
  stuck: readonly { item: StagedItem; error: unknown }[],
): string {
  const first = `Restoring "${failed.source}" failed: ${messageOf(cause)}`
  if (stuck.length === 0) return `${first} Everything is as it was before.`
  return [
    first,
    'Not all could be put back:',
    ...stuck.flatMap(({ item, error }) => whereabouts(item, error)),
  ].join('\n')
}

const whereabouts = ({ source, moves }: StagedItem, error: unknown): string[] => [
  `- ${source}: ${messageOf(error)}`,
  ...moves.map(
    ({ target, staged, safety }: StagedMove) =>
      `  the old ${target} is there or at ${safety}; the restored one is there or at ${staged}`,
  ),
]

const restoreFailed = (state: string, failure: string, cause?: unknown): HoldfastError =>
  new HoldfastError('restore.failed', failure, {
    hint:
      state === 'undone'
        ? 'Mend what failed, then restore again.'
        : 'Mend what is named above, then take it back to the end with `holdfast restore undo`, before anything is started on it.',
    details: { state },
    cause,
  })

const failedBefore = ({ state, failure = 'The restore failed.' }: RestoreRecord): HoldfastError =>
  restoreFailed(state, failure)

type Verb = 'swap' | 'discard'
type Outcome<V extends Verb> = V extends 'swap' ? Swapped : void

const driverWork = <V extends Verb>(work: DriverWork, item: StagedItem, verb: V): Promise<Outcome<V>> =>
  withDriver(
    work,
    { sourceName: item.source, type: item.type as SourceType },
    (driver, context) => driver[verb](item.moves, context) as Promise<Outcome<V>>,
  )
