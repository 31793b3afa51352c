import ansis from 'ansis'
import {
  judged,
  summaryOf,
  withMarks,
  type BackupSummary,
  type HoldReport,
  type Item,
} from '../../core/backup.js'
import { isSealed, type ClearItem } from '../../core/encrypted-manifest.js'
import type { ListedBackup } from '../../core/copies.js'
import type { RetentionDecision } from '../../core/retention.js'
import type { MarkState } from '../../core/marks.js'
import { counted, formatBytes, formatDuration } from '../../core/units.js'
import type { ExpireResult, LocatedBackup } from '../../core/work/catalog.js'
import { placesText } from './copies.js'
import { renderFields, renderTable, type Column } from './table.js'
import { formatInstant } from './times.js'

/** Backups in a table, as `backup list` shows them. */
export function renderBackups(backups: readonly ListedBackup[], timezone: string): string {
  if (backups.length === 0) return 'No backups.'
  const columns: readonly Column<ListedBackup>[] = [
    { head: 'ID', cell: ({ id }) => id },
    { head: 'TAKEN', cell: ({ takenAt }) => formatInstant(takenAt, timezone) },
    {
      head: 'STATE',
      cell: stateOf,
      paint: (text, { isGood: good }) => (good ? ansis.green(text) : ansis.yellow(text)),
    },
    { head: 'SOURCES', cell: ({ sources }) => sources.map(({ name }) => name).join(', ') },
    { head: 'SIZE', align: 'right', cell: ({ plainBytes }) => formatBytes(plainBytes) },
    { head: 'STORED', align: 'right', cell: ({ storedBytes }) => formatBytes(storedBytes) },
    {
      head: 'DOWN',
      align: 'right',
      cell: ({ downtimeMs }) => (downtimeMs === 0 ? '' : formatDuration(downtimeMs)),
    },
    { head: 'AT', cell: ({ copies }) => placesText(copies) },
    ...(backups.some(({ marks }) => marks.deletion !== undefined) ? [deletedColumn(timezone)] : []),
    { head: 'DESCRIPTION', cell: ({ description }) => description ?? '' },
  ]
  return renderTable(columns, backups)
}

const deletedColumn = (timezone: string): Column<ListedBackup> => ({
  head: 'REMOVED AFTER',
  cell: ({ marks }) => (marks.deletion === undefined ? '' : formatInstant(marks.deletion.until, timezone)),
})

/** Good or not, what stands in the way of it, and what happened to it later. */
export function stateOf(
  backup: Pick<BackupSummary, 'isGood' | 'isSubset' | 'data' | 'services' | 'marks' | 'authenticity'>,
): string {
  const { verification, isAccepted, pin } = backup.marks
  const remarks = [
    ...(backup.authenticity === 'unauthenticated' ? ['unauthenticated'] : []),
    ...(backup.isSubset ? ['subset'] : []),
    ...(backup.data === 'complete' ? [] : [backup.data]),
    ...(backup.data === 'suspect' && isAccepted ? ['accepted'] : []),
    ...(backup.services === 'ok' ? [] : [`services ${backup.services}`]),
    ...(verification === undefined ? [] : [verification.outcome]),
    ...(pin === undefined ? [] : ['pinned']),
  ]
  return [backup.isGood ? 'good' : 'not good', ...remarks].join(', ')
}

/** One backup with everything that its manifest says for people. */
export function renderBackup(located: LocatedBackup, timezone: string): string {
  const { destination, copies, manifest, marks, authenticity } = located
  const state = stateOf(judged(withMarks(summaryOf(manifest, destination), marks), authenticity))
  return [
    renderFields([
      ['Backup', manifest.id],
      ['Description', isSealed(manifest) ? undefined : manifest.description],
      ['Plan', `${manifest.plan} (site ${manifest.site}, host ${manifest.host.name})`],
      ['State', state],
      ['Suspect', isSealed(manifest) ? undefined : manifest.suspectBecause?.join('\n')],
      ...marksFields(marks, timezone),
      ['Taken', formatInstant(manifest.takenAt, timezone)],
      ['Completed', formatInstant(manifest.completedAt, timezone)],
      ['Destination', destination],
      ['Copies', copies.length < 2 ? undefined : placesText(copies)],
      ['Run', manifest.run.workflowId],
      ['Encrypted', encryptionText(located)],
    ]),
    ...(isSealed(manifest) ? manifest.items.map(renderSealedItem) : manifest.items.map(renderItem)),
    ...(isSealed(manifest) || manifest.holds.length === 0 ? [] : [renderHolds(manifest.holds)]),
  ].join('\n\n')
}

function marksFields(
  { pin, verification, deletion, hasUnreadable, forged = [] }: MarkState,
  timezone: string,
): readonly (readonly [string, string | undefined])[] {
  const at = (instant: string) => formatInstant(instant, timezone)
  const pinned = pin && `${at(pin.at)}${pin.because === undefined ? '' : `: ${pin.because}`}`
  const problem = verification?.problem === undefined ? '' : `: ${verification.problem}`
  return [
    ['Pinned', pinned],
    ['Verified', verification && `${at(verification.at)}, ${verification.outcome}${problem}`],
    [
      'Deleted',
      deletion &&
        `by ${deletion.by === 'person' ? 'a person' : 'retention'}, removed after ${at(deletion.until)}`,
    ],
    [
      'Marks',
      hasUnreadable ? 'one of them cannot be read or checked here: the backup is never removed' : undefined,
    ],
    ...forged.map((name) => ['Forged', `${name}: no key wrote it, and it counts for nothing`] as const),
  ]
}

function encryptionText({
  manifest,
  keyIds,
}: Pick<LocatedBackup, 'manifest' | 'keyIds'>): string | undefined {
  if (manifest.encryption === undefined) return undefined
  const keys = (keyIds ?? manifest.encryption.keyIds).map((id) => `key ${id}`).join(' or ')
  return `opens with ${keys}${isSealed(manifest) ? ', which the host that was asked cannot open: the rest is sealed' : ''}`
}

const renderSealedItem = ({ source, type, plainBytes, objects }: ClearItem): string =>
  renderFields([
    [`Source ${source}`, type],
    ['  size', formatBytes(plainBytes)],
    ['  objects', objects.map(({ name }) => name).join('\n')],
  ])

/** How many paths that were not captured are named; the manifest has more. */
const NOT_CAPTURED_SHOWN = 10

function renderItem(item: Item): string {
  const total = (bytes: (object: Item['objects'][number]) => number) =>
    formatBytes(item.objects.reduce((sum, object) => sum + bytes(object), 0))
  const counts = Object.entries(item.counts).map(([noun, count]) => `${noun}: ${count}`)
  const missing = Object.entries(item.notCapturedCounts).map(([cause, count]) => `${count} ${cause}`)
  const named = item.notCaptured.slice(0, NOT_CAPTURED_SHOWN).map(({ path, cause }) => `${path} (${cause})`)
  return renderFields([
    [`Source ${item.source}`, [item.type, ...counts].join(', ')],
    ['  size', `${total((object) => object.plainBytes)}, stored ${total((object) => object.storedBytes)}`],
    ['  objects', item.objects.map((object) => object.name).join('\n')],
    ['  consistent', item.isConsistent ? 'yes' : 'no: a service did not stand still to the end'],
    ['  not captured', missing.length === 0 ? undefined : [missing.join(', '), ...named].join('\n')],
  ])
}

/** What became of the services of a hold. */
export const renderHolds = (holds: readonly HoldReport[]): string =>
  renderTable<HoldReport>(
    [
      { head: 'SERVICE', cell: ({ service }) => service },
      { head: 'BEFORE', cell: ({ stateBefore }) => stateBefore },
      { head: 'HELD', cell: ({ mode }) => (mode === 'stop' ? 'stopped' : 'paused') },
      {
        head: 'DOWN',
        align: 'right',
        cell: ({ downtimeMs }) => (downtimeMs === undefined ? '' : formatDuration(downtimeMs)),
      },
      {
        head: 'NOW',
        cell: healthText,
        paint: (text, { health }) => (health === 'ok' ? ansis.green(text) : ansis.red(text)),
      },
    ],
    holds,
  )

function healthText({ health, heldBy, stateBefore }: HoldReport): string {
  if (health === 'ok') return stateBefore === 'running' ? 'up' : `${stateBefore}, as before`
  if (health === 'held') return `still held${heldBy === undefined ? '' : ` by ${heldBy.join(', ')}`}`
  return health === 'unhealthy' ? 'up, but not healthy' : 'not started again'
}

/** What a deletion or a cleanup did. */
export function renderExpired({ expired = [], removed, freedBytes }: ExpireResult): string {
  const freed = `${formatBytes(freedBytes)} are free again`
  const gone =
    removed.length === 0 ? [] : [`Removed ${counted(removed.length, 'backup')} for good: ${freed}.`]
  const hidden =
    expired.length === 0
      ? []
      : [
          `Deleted ${counted(expired.length, 'backup')}; \`holdfast backup list --deleted\` shows until when they can be brought back.`,
        ]
  return [...hidden, ...gone].join('\n') || `Nothing was deleted${freedBytes > 0 ? `; ${freed}` : ''}.`
}

/** Each backup with why it is kept, or that it goes. Newest first. */
export function renderRetention(decisions: readonly RetentionDecision[], timezone: string): string {
  if (decisions.length === 0) return 'No backups.'
  const goes = decisions.filter(({ keptBecause }) => keptBecause.length === 0).length
  const table = renderTable<RetentionDecision>(
    [
      { head: 'ID', cell: ({ backupId }) => backupId },
      { head: 'TAKEN', cell: ({ takenAt }) => formatInstant(takenAt, timezone) },
      { head: 'GOOD', cell: (decision) => (decision.isGood ? 'yes' : 'no') },
      {
        head: 'KEPT BECAUSE',
        cell: ({ keptBecause }) => (keptBecause.length === 0 ? 'goes' : keptBecause.join(', ')),
        paint: (text, { keptBecause }) => (keptBecause.length === 0 ? ansis.red(text) : text),
      },
    ],
    decisions.toSorted((a, b) => b.takenAt.localeCompare(a.takenAt)),
  )
  return `${table}\n\n${counted(decisions.length - goes, 'backup')} kept, ${goes} ${goes === 1 ? 'goes' : 'go'}.`
}
