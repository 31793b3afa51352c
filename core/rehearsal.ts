import { counted } from './units.js'

/** What was counted: files, folders, tables … */
export type Counts = Readonly<Record<string, number>>

/** What became of one item that was restored into a scratch place. */
export interface RehearsedItem {
  readonly source: string
  readonly type: string
  /** `not-done`: it could not be tried here, which says nothing about the backup. */
  readonly outcome: 'restored' | 'failed' | 'not-done'
  /** What came. */
  readonly counts: Counts
  readonly problem?: string
}

/** What a rehearsed restore came to. Nothing of it is left. */
export interface RehearsalReport {
  readonly backupId: string
  readonly destination: string
  readonly items: readonly RehearsedItem[]
  readonly durationMs: number
}

/** What differs between what was captured and what came of it, in a sentence. Undefined: nothing. */
export function differenceOf(recorded: Counts, restored: Counts): string | undefined {
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(restored)])].sort()
  const different = names.flatMap((what) => {
    const [expected, found] = [recorded[what] ?? 0, restored[what] ?? 0]
    return expected === found ? [] : [`${found} instead of ${expected} ${what}`]
  })
  return different.length === 0 ? undefined : `Restored were ${different.join(', ')}.`
}

/** Good: every item was restored, and is what was captured. */
export const outcomeOfRehearsal = ({ items }: Pick<RehearsalReport, 'items'>): 'good' | 'not-good' =>
  items.every(({ outcome }) => outcome === 'restored') ? 'good' : 'not-good'

export const hasFailed = ({ items }: Pick<RehearsalReport, 'items'>): boolean =>
  items.some(({ outcome }) => outcome === 'failed')

/** `2 tables, 1 file`. */
export const countsInWords = (counts: Counts): string =>
  Object.entries(counts)
    .map(([what, count]) => counted(count, what.replace(/s$/, '')))
    .join(', ')
