import ansis from 'ansis'
import { hasEnded } from '../../core/restore-end.js'
import type { RestoreView } from '../../operations/restore-ends.js'
import { renderTable } from './table.js'
import { oneLine } from './text.js'
import { formatInstant } from './times.js'

export function renderRestores(restores: readonly RestoreView[], timezone: string): string {
  if (restores.length === 0) return 'No restores.'
  const table = renderTable<RestoreView>(
    [
      { head: 'ID', cell: ({ restoreId }) => restoreId },
      { head: 'PLAN', cell: ({ scope }) => scope.plan },
      { head: 'HOST', cell: ({ host }) => host },
      { head: 'STARTED', cell: ({ startedAt }) => formatInstant(startedAt, timezone) },
      { head: 'STATE', cell: stateText, paint: paintState },
      { head: 'DOWN', cell: ({ down }) => down.join(', '), paint: (text) => ansis.red(text) },
    ],
    restores,
  )
  const open = restores.filter((restore) => restore.runningAs === undefined && !hasEnded(restore))
  const [first] = open
  if (first === undefined) return table
  return `${table}\n\nSee what is where with: holdfast restore show ID\nFinish with: holdfast restore resume ID\nTake back with: holdfast restore undo ID`
}

/** How far it came, in words; an interrupted one says where. */
export function stateText({
  state,
  runningAs,
  down,
}: Pick<RestoreView, 'state' | 'runningAs' | 'down'>): string {
  if (runningAs !== undefined) return 'running'
  switch (state) {
    case 'staged':
      return down.length === 0 ? 'not begun to replace' : 'interrupted before replacing'
    case 'swapping':
      return 'interrupted while replacing'
    case 'swapped':
      return 'complete'
    case 'undoing':
      return 'interrupted while undoing'
    case 'undone':
      return 'undone'
    case 'half-undone':
      return 'failed, put back only in part'
  }
}

function paintState(text: string, restore: RestoreView): string {
  if (restore.runningAs !== undefined) return ansis.cyan(text)
  return hasEnded(restore) ? ansis.green(text) : ansis.yellow(text)
}

/** What an undo would do, before it does it. */
export function renderUndoPreview({ scope, state }: RestoreView, effects: readonly string[]): string {
  const services = state === 'staged' ? [] : (scope.hold?.services ?? [])
  return [
    ...(effects.length === 0
      ? ['The old data is in its place already.']
      : effects.map((one) => `- ${oneLine(one)}`)),
    ...(services.length === 0 ? [] : [`- ${services.join(', ')}: down meanwhile, then started`]),
  ].join('\n')
}
