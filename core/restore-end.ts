import { HoldfastError } from './errors.js'
import type { HoldSpec } from './job.js'
import type { ReleaseOutcome } from './work/holds.js'
import type { RestoreRequest, StagedItem, StagedMove } from './work/restore.js'

/** What all steps of one restore go by: found by its preview, written down by its host with the first item. */
export interface RestoreScope {
  readonly plan: string
  readonly sources: readonly RestoreSource[]
  /** With canonical references. Left out: nothing in place is replaced, and nothing stands still. */
  readonly hold?: HoldSpec
}

export interface RestoreSource {
  readonly source: string
  readonly type: string
}

/**
 * How far a restore came, as its host wrote it down before each step. `undone`: everything is as it was before;
 * `half-undone`: a swap failed, and not all of it could be put back.
 */
export type RestoreState = 'staged' | 'swapping' | 'swapped' | 'undoing' | 'undone' | 'half-undone'

/** A restore that its host remembers, whatever became of its runs. */
export interface RestoreSummary {
  /** `<backup id>/<n>` */
  readonly restoreId: string
  readonly backupId: string
  readonly destination: string
  readonly host: string
  readonly startedAt: string
  readonly swappedAt?: string
  readonly state: RestoreState
  /** Of `undone` and `half-undone`: the sentence that the swap failed with. */
  readonly failure?: string
  readonly scope: RestoreScope
  /** Which of its services its write lease keeps down, as the journal says it. */
  readonly down: readonly string[]
}

export interface RestoreStatus extends RestoreSummary {
  readonly request: RestoreRequest
  readonly items: readonly StagedItem[]
}

/** What lies where the data belongs. Only between the two are services not started. */
export type DataState = 'old' | 'between' | 'new'

const DATA: Readonly<Record<RestoreState, DataState>> = {
  staged: 'old',
  swapping: 'between',
  swapped: 'new',
  undoing: 'between',
  undone: 'old',
  'half-undone': 'between',
}

export const dataOf = (state: RestoreState): DataState => DATA[state]

/** How a write lease ends; undefined: it does not, and its guard alarms and keeps the service down. */
export const releaseOf = (data: DataState): ReleaseOutcome | undefined =>
  data === 'between' ? undefined : data === 'old' ? 'undone' : 'restored'

/** Nothing is left to do: no data in between, no service down. */
export const hasEnded = ({ state, down }: Pick<RestoreSummary, 'state' | 'down'>): boolean =>
  (state === 'swapped' || state === 'undone') && down.length === 0

type Asked = Pick<RestoreSummary, 'restoreId' | 'state' | 'down'>

/** What finishes a restore. `start`: its data is in place, only its services are down. */
export type ResumeStep = 'swap' | 'start'

/** What is left of a restore. Fails with `restore.ended`, and with `restore.conflict` when there is no way forward. */
export function resumeStep(restore: Asked): ResumeStep {
  const { restoreId, state, down } = restore
  switch (state) {
    case 'staged':
    case 'swapping':
      return 'swap'
    case 'swapped':
      if (down.length > 0) return 'start'
      throw new HoldfastError(
        'restore.ended',
        `Restore ${restoreId} is complete: nothing is left to resume.`,
        {
          hint: `\`holdfast restore undo ${restoreId}\` brings the old data back.`,
        },
      )
    case 'undone':
      if (down.length > 0) throw noWayForward(restore, 'was taken back: the old data is in its place')
      throw new HoldfastError(
        'restore.ended',
        `Restore ${restoreId} was undone: nothing is left to resume.`,
        {
          hint: 'Restore the backup again with `holdfast backup restore`.',
        },
      )
    case 'undoing':
      throw noWayForward(restore, 'is being undone')
    case 'half-undone':
      throw noWayForward(restore, 'failed, and was put back only in part')
  }
}

const noWayForward = ({ restoreId }: Asked, why: string): HoldfastError =>
  new HoldfastError('restore.conflict', `Restore ${restoreId} cannot be resumed: it ${why}.`, {
    hint: `\`holdfast restore undo ${restoreId}\` ends it on the old data; then restore again.`,
  })

/** What takes a restore back. `discard`: nothing was replaced yet. `start`: the old data is in place, only its services are down. */
export type UndoStep = 'undo' | 'discard' | 'start'

/** What is left to undo. Fails with `restore.ended`. */
export function undoStep({ restoreId, state, down }: Asked): UndoStep {
  if (state === 'staged' && down.length === 0) return 'discard'
  if (state !== 'undone') return 'undo'
  if (down.length > 0) return 'start'
  throw new HoldfastError('restore.ended', `Restore ${restoreId} was undone already.`, {
    hint: 'The old data is in its place. `holdfast restore list` shows all restores.',
  })
}

/** The sources that a restore has not laid beside their places yet. */
export const missingSources = ({
  scope,
  items,
}: Pick<RestoreStatus, 'scope' | 'items'>): readonly RestoreSource[] =>
  scope.sources.filter(({ source }) => !items.some((item) => item.source === source))

type Swapped = Pick<RestoreStatus, 'restoreId' | 'swappedAt' | 'state' | 'items'>

/**
 * The restore that has to be undone before this one: it came later and replaced the same data, so that what this one put
 * aside belongs below it.
 */
export function laterRestore<T extends Swapped>(restore: Swapped, all: readonly T[]): T | undefined {
  const { restoreId, swappedAt } = restore
  if (swappedAt === undefined) return undefined
  return all.find(
    (other) =>
      other.restoreId !== restoreId &&
      other.state !== 'staged' &&
      other.state !== 'undone' &&
      (other.swappedAt === undefined || other.swappedAt > swappedAt) &&
      movesOf(other).some((one) => movesOf(restore).some((move) => isSamePlace(one, move))),
  )
}

const movesOf = ({ items }: Pick<RestoreStatus, 'items'>): readonly StagedMove[] =>
  items.flatMap(({ moves }) => moves)

function isSamePlace(one: StagedMove, other: StagedMove): boolean {
  if ((one.kind === 'database') !== (other.kind === 'database')) return false
  if (one.kind === 'database') return one.target === other.target && serverOf(one) === serverOf(other)
  const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`)
  return within(one.target, other.target) || within(other.target, one.target)
}

/** The server, as the source says it; both were staged by this host. */
function serverOf({ source }: StagedMove): string {
  if (source === undefined || !('connection' in source.source || 'in' in source.source)) return ''
  const { in: place, connection } = source.source
  return JSON.stringify([place, connection])
}
