import ansis from 'ansis'
import { formatDuration } from '../../core/units.js'
import type { JournalView } from '../../worker/read-journal.js'
import type { Settlement } from '../../worker/settle.js'
import { renderFields, renderTable, type Column } from './table.js'
import { oneLine } from './text.js'
import { formatDistance, formatInstant } from './times.js'

type JournalEntry = JournalView['entries'][number]
type DamagedEntry = JournalView['damaged'][number]
type Settled = Settlement['services'][number]

/** Nothing is left that needs a person. */
export const isSettled = ({ services, damaged }: Settlement): boolean =>
  damaged.length === 0 && services.every((settled) => !needsPerson(settled))

function needsPerson(settled: Settled): boolean {
  if (settled.outcome === 'started') return settled.result.health !== 'ok'
  return settled.outcome === 'failed' || settled.outcome === 'kept-down'
}

export function renderJournal(
  { folder, entries, damaged }: JournalView,
  now: Date,
  timezone: string,
): string {
  const columns: readonly Column<JournalEntry>[] = [
    { head: 'SERVICE', cell: ({ service }) => service },
    { head: 'HELD', cell: ({ mode }) => (mode === 'pause' ? 'paused' : 'stopped') },
    { head: 'FOR', cell: ({ lease }) => (lease === 'write' ? 'a restore' : 'a backup') },
    { head: 'BEFORE', cell: ({ stateBefore }) => stateBefore },
    { head: 'SINCE', cell: ({ stopRequestedAt }) => formatDistance(stopRequestedAt, now) },
    {
      head: 'BACK BY',
      cell: ({ deadlineAt }) => (deadlineAt === undefined ? '' : formatInstant(deadlineAt, timezone)),
    },
    { head: 'GUARD', cell: ({ guard }) => guard.workflowId },
  ]
  const table = entries.length === 0 ? 'No service is owed a start.' : renderTable(columns, entries)
  return [folderLine(folder), table, ...damagedLines(damaged)].join('\n\n')
}

/** What was done about each service, and why. */
export function renderSettlement({ folder, services, damaged }: Settlement, timezone: string): string {
  const columns: readonly Column<Settled>[] = [
    { head: 'SERVICE', cell: ({ service }) => service },
    {
      head: 'NOW',
      cell: nowText,
      paint: (text, settled) => (needsPerson(settled) ? ansis.red(text) : text),
    },
    { head: 'WHY', cell: (settled) => whyText(settled, timezone) },
  ]
  const table = services.length === 0 ? 'No service is owed a start.' : renderTable(columns, services)
  const kept = services.filter(({ outcome }) => outcome === 'kept-down')
  return [
    folderLine(folder),
    table,
    ...kept.map(
      ({ service }) =>
        `When you know that the data of ${oneLine(service)} is whole: holdfast journal settle --start ${oneLine(service)}`,
    ),
    ...damagedLines(damaged),
  ].join('\n\n')
}

function nowText(settled: Settled): string {
  switch (settled.outcome) {
    case 'started':
      return settled.result.health === 'ok' ? 'started' : 'started, not healthy'
    case 'waits':
    case 'left':
      return 'left as it is'
    case 'kept-down':
      return 'kept down'
    case 'failed':
      return 'not started'
    case 'nothing-owed':
      return 'owed nothing any more'
  }
}

function whyText(settled: Settled, timezone: string): string {
  switch (settled.outcome) {
    case 'started': {
      const { downtimeMs } = settled.result
      return downtimeMs === undefined
        ? settled.because
        : `${settled.because}; it was down for ${formatDuration(downtimeMs)}`
    }
    case 'waits':
      return `${settled.because}; its time is over at ${formatInstant(settled.until, timezone)}`
    case 'left':
    case 'kept-down':
      return settled.because
    case 'failed':
      return settled.error.message
    case 'nothing-owed':
      return ''
  }
}

const folderLine = (folder: string): string => renderFields([['Journal', folder]])

const damagedLines = (damaged: readonly DamagedEntry[]): readonly string[] =>
  damaged.map(({ path, service }) =>
    [
      `${ansis.red('damaged')} ${oneLine(path)}`,
      service === undefined
        ? '  Look which service is down that should run, start it, then remove the file.'
        : `  It is of ${oneLine(service)}. To start that, and forget the entry: holdfast journal settle --start ${oneLine(service)}`,
    ].join('\n'),
  )
