import type { Mark } from '../schemas/mark.js'
import type { MarkDoubt } from './authenticity.js'
import { compactTime } from './ids.js'

export type { Mark } from '../schemas/mark.js'
export const MARK_FORMAT = 'holdfast.mark/1'
export type MarkKind = Mark['kind']

/** In this order: a kind that a later version adds is none of these, and means nothing to this one. */
const KINDS: readonly MarkKind[] = [
  'pinned',
  'unpinned',
  'accepted',
  'verified',
  'damaged',
  'expired',
  'undeleted',
]

/** A mark without what is the same in all of them. */
export type MarkContent = Mark extends infer M
  ? M extends Mark
    ? Omit<M, 'format' | 'backupId' | 'site' | 'host' | 'at'>
    : never
  : never

/** A mark as it lies beside its manifest. */
export interface PlacedMark {
  /** Inside `marks/`: sorts by the order in which the marks were added. */
  readonly name: string
  /** ISO, by the store's own clock. */
  readonly modifiedAt: string
  /** Left out: it cannot be read. */
  readonly mark?: Mark
  /** Left out: it is believed. */
  readonly doubt?: MarkDoubt
}

/** What all marks of a backup together mean at one destination. */
export interface MarkState {
  readonly pin?: { readonly at: string; readonly because?: string }
  readonly isAccepted: boolean
  /** The last time that it was read back here. */
  readonly verification?: {
    readonly outcome: 'verified' | 'damaged'
    readonly at: string
    readonly problem?: string
  }
  /** It is deleted: hidden, and removed after its quarantine. */
  readonly deletion?: Deletion
  /** A mark that cannot be read, or that no key of this host can tell, may say anything: what has one is never removed. */
  readonly hasUnreadable: boolean
  /** Names of marks that nobody with a key of the backup has written: they count for nothing at all. */
  readonly forged?: readonly string[]
}

export interface Deletion {
  readonly by: 'retention' | 'person'
  readonly because?: string
  /** ISO, by the store's own clock: until then it can be brought back. */
  readonly until: string
  /** Marks that an undeletion cancels. */
  readonly marks: readonly string[]
}

export const NO_MARKS: MarkState = { isAccepted: false, hasUnreadable: false }

/**
 * What the marks mean. Pins, and verifications of this destination: the last one counts. A deletion holds until a mark
 * cancels it by its name, so that neither clocks nor the order in which copies meet decide. Nobody takes back an acceptance.
 * What is forged is as good as absent; of what no key here can tell, only a pin counts: all that it does is keep.
 */
export function stateOfMarks(placed: readonly PlacedMark[], destination: string): MarkState {
  const inOrder = [...placed].sort((one, other) => (one.name < other.name ? -1 : 1))
  const believed = inOrder.filter(({ doubt }) => doubt === undefined)
  const marks = believed.flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
  const pin = pinOf(inOrder)
  const verification = verificationOf(marks, destination)
  const deletion = deletionOf(believed)
  const forged = inOrder.flatMap(({ name, doubt }) => (doubt === 'forged' ? [name] : []))
  return {
    ...(pin?.kind === 'pinned'
      ? { pin: { at: pin.at, ...(pin.because === undefined ? {} : { because: pin.because }) } }
      : {}),
    isAccepted: marks.some(({ kind }) => kind === 'accepted'),
    ...(verification === undefined ? {} : { verification }),
    ...(deletion === undefined ? {} : { deletion }),
    hasUnreadable: inOrder.length > marks.length + forged.length,
    ...(forged.length === 0 ? {} : { forged }),
  }
}

function pinOf(inOrder: readonly PlacedMark[]): Mark | undefined {
  const marks = inOrder.flatMap(({ mark, doubt }) =>
    mark !== undefined && (doubt === undefined || (doubt === 'untold' && mark.kind === 'pinned'))
      ? [mark]
      : [],
  )
  return marks.findLast(({ kind }) => kind === 'pinned' || kind === 'unpinned')
}

function verificationOf(marks: readonly Mark[], here: string): MarkState['verification'] {
  const last = marks.findLast(
    (mark) => (mark.kind === 'verified' || mark.kind === 'damaged') && mark.destination === here,
  )
  if (last?.kind === 'verified') return { outcome: 'verified', at: last.at }
  if (last?.kind === 'damaged') return { outcome: 'damaged', at: last.at, problem: last.problem }
  return undefined
}

function deletionOf(placed: readonly PlacedMark[]): Deletion | undefined {
  const cancelled = new Set(placed.flatMap(({ mark }) => (mark?.kind === 'undeleted' ? mark.cancels : [])))
  const deletions = placed.flatMap(({ name, modifiedAt, mark }) =>
    mark?.kind === 'expired' && !cancelled.has(name) ? [{ name, modifiedAt, mark }] : [],
  )
  const ends = deletions.map(({ modifiedAt, mark }) => new Date(modifiedAt).getTime() + mark.quarantineMs)
  const [first] = deletions
  if (first === undefined) return undefined
  return {
    // Whoever deletes what retention has deleted already means it.
    by: deletions.some(({ mark }) => mark.by === 'person') ? 'person' : 'retention',
    ...(first.mark.because === undefined ? {} : { because: first.mark.because }),
    // Nobody's quarantine is cut short by somebody else's.
    until: new Date(Math.max(...ends)).toISOString(),
    marks: deletions.map(({ name }) => name),
  }
}

/** Whether a deleted backup may be removed for good, at this time of the store's own clock. */
export const isRemovable = ({ deletion, pin, hasUnreadable }: MarkState, storeTime: Date): boolean =>
  deletion !== undefined &&
  pin === undefined &&
  !hasUnreadable &&
  storeTime.getTime() >= new Date(deletion.until).getTime()

/** Name of the code beside a mark, whose name it shares. */
export const markCodeName = (markName: string): string => markName.replace(/\.json$/, '.mac')

const MARK_NAME = /^(\d{8}_\d{6}_\d{3})-([a-z]+)\.json$/

const MARK_OR_CODE_NAME = /^(\d{8}_\d{6}_\d{3})-[a-z]+\.(?:json|mac)$/

/** The kind that the name of a mark tells; undefined for what is no mark, or of a kind that we do not know. */
export const kindOfMarkName = (name: string): MarkKind | undefined =>
  KINDS.find((kind) => kind === MARK_NAME.exec(name)?.[2])

/**
 * Name of a new mark: its time, unless a mark that is there already is as late or later. Then just after that one: a clock
 * that was set back must not put an unpin before its pin. A code without its mark, left by a death in between, has used up
 * its time as well: another mark cannot have the same code.
 */
export function nextMarkName(kind: MarkKind, now: Date, existing: readonly string[]): string {
  const [last] = existing
    .flatMap((name) => MARK_OR_CODE_NAME.exec(name)?.[1] ?? [])
    .sort()
    .slice(-1)
  const own = instantOf(now)
  const instant = last === undefined || own > last ? own : instantOf(new Date(timeOf(last) + 1))
  return `${instant}-${kind}.json`
}

const instantOf = (time: Date): string =>
  `${compactTime(time)}_${String(time.getUTCMilliseconds()).padStart(3, '0')}`

const timeOf = (instant: string): number =>
  new Date(
    instant.replace(/^(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})_(\d{3})$/, '$1-$2-$3T$4:$5:$6.$7Z'),
  ).getTime()
