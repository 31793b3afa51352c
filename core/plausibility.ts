import type { BackupSummary, SourceSummary } from './backup.js'
import type { PlausibilityLimits } from './job.js'
import { formatBytes } from './units.js'

/** How many good backups are enough to know what is usual. */
const COMPARED = 5

/**
 * What is implausible about a new backup, each in a sentence: a source of which there is much less than in the median of
 * the last five good ones. `before` are listed backups of its plan and site, in any order. What a person has accepted is
 * the new measure: nothing older is compared with.
 */
export function implausibilities(
  sources: readonly SourceSummary[],
  before: readonly BackupSummary[],
  limits: PlausibilityLimits,
): readonly string[] {
  const usual = usualOf(before)
  return sources.flatMap((source) => {
    const same = usual.flatMap((backup) => backup.sources.filter(({ name }) => name === source.name))
    if (same.length === 0) return []
    const size = median(same.map(({ plainBytes }) => plainBytes))
    const count = median(same.map((one) => one.count))
    return [
      ...(source.plainBytes < limits.size * size
        ? [
            `${source.name}: ${formatBytes(source.plainBytes)}, ${lessThan(limits.size, formatBytes(size), same)}`,
          ]
        : []),
      ...(source.count < limits.count * count
        ? [`${source.name}: ${source.count} counted, ${lessThan(limits.count, String(count), same)}`]
        : []),
    ]
  })
}

function usualOf(before: readonly BackupSummary[]): readonly BackupSummary[] {
  const good = before
    .filter(({ isGood, marks }) => isGood && marks.deletion === undefined)
    .sort((one, other) => (one.takenAt < other.takenAt ? 1 : -1))
    .slice(0, COMPARED)
  const accepted = good.findIndex(({ data, marks }) => data === 'suspect' && marks.isAccepted)
  return accepted < 0 ? good : good.slice(0, accepted + 1)
}

/** Of an even number, the mean of the two in the middle. At least one. */
function median(numbers: readonly number[]): number {
  const inOrder = [...numbers].sort((one, other) => one - other)
  const middle = inOrder.length / 2
  const low = inOrder[Math.ceil(middle) - 1] ?? 0
  return (low + (inOrder[Math.floor(middle)] ?? low)) / 2
}

const lessThan = (limit: number, usual: string, { length }: readonly unknown[]): string =>
  `less than ${Math.round(limit * 100)}% of ${usual}, the median of the last ${length === 1 ? 'good one' : `${length} good ones`}.`
