import ansis from 'ansis'
import type { RestorePlace } from '../../core/restore-places.js'
import type { RestoreDetailsView } from '../../operations/restore-ends.js'
import { stateText } from './restores.js'
import { renderFields, renderTable } from './table.js'
import { oneLine } from './text.js'
import { formatInstant } from './times.js'

/** One restore: how far it came, what is where, and what to do next, which comes last. */
export function renderRestore(restore: RestoreDetailsView, timezone: string): string {
  const { scope, swappedAt, failure, down, places, problems } = restore
  const fields = renderFields([
    ['Restore', restore.restoreId],
    ['Backup', `${restore.backupId} at ${restore.destination}`],
    ['Plan', `${scope.plan} (host ${restore.host})`],
    ['Asked for', askedText(restore)],
    ['State', stateText(restore)],
    ['Started', formatInstant(restore.startedAt, timezone)],
    ['Replaced', swappedAt === undefined ? undefined : formatInstant(swappedAt, timezone)],
    ['Failure', failure],
    ['Kept down', down.length === 0 ? undefined : down.join(', ')],
  ])
  const table = renderTable<RestorePlace>(
    [
      { head: 'SOURCE', cell: ({ source }) => source },
      { head: 'PLACE', cell: ({ target }) => target },
      {
        head: 'HOLDS',
        cell: holdsText,
        paint: (text, { holds }) => (holds === 'either' ? ansis.yellow(text) : text),
      },
      { head: 'OLD DATA', cell: safetyText },
      { head: 'RESTORED, NOT IN USE', cell: ({ staged }) => staged ?? '' },
    ],
    places,
  )
  return [
    fields,
    ...(places.length === 0 ? [] : [table]),
    ...problems.map((problem) => `${ansis.red('problem')} ${oneLine(problem)}`),
    nextSteps(restore).map(oneLine).join('\n'),
  ].join('\n\n')
}

/** The part that was asked for; undefined: all of it, in place. */
function askedText({ request }: RestoreDetailsView): string | undefined {
  const { sources, to, database, include } = request
  const parts = [
    ...(sources === undefined ? [] : [`only ${sources.join(', ')}`]),
    ...(include === undefined ? [] : [`only files of ${include.join(', ')}`]),
    ...(to === undefined ? [] : [`into ${to}`]),
    ...(database === undefined ? [] : [`into database ${database}`]),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}

function holdsText({ holds }: RestorePlace): string {
  switch (holds) {
    case 'old':
      return 'the old data'
    case 'new':
      return 'the restored data'
    case 'either':
      return 'old or restored data, or some of both'
  }
}

function safetyText({ holds, safetyCopy }: RestorePlace): string {
  if (safetyCopy === undefined) return holds === 'new' ? 'there was none' : 'in its place'
  const { at, isThere } = safetyCopy
  return isThere === undefined ? `${at}, not looked at` : isThere ? at : `${at}, which is gone`
}

function nextSteps(restore: RestoreDetailsView): readonly string[] {
  const { restoreId, state, down, runningAs, places } = restore
  const resume = `holdfast restore resume ${restoreId}`
  const undo = `holdfast restore undo ${restoreId}`
  if (runningAs !== undefined) return [`It is at work: holdfast run watch ${runningAs}`]
  const start = down.length === 0 ? '' : ', and starts what is down'
  switch (state) {
    case 'staged':
      return [`To go on: ${resume}`, `To give it up, and remove what was laid beside the data: ${undo}`]
    case 'swapping':
      return [`To finish it${start}: ${resume}`, `To bring the old data back${start}: ${undo}`]
    case 'undoing':
    case 'half-undone':
      return [`To bring back what is left of the old data${start}: ${undo}`]
    case 'undone':
      return down.length > 0 ? [`To start what is down: ${undo}`] : ['Nothing is left to do.']
    case 'swapped':
      return [
        ...(down.length > 0 ? [`To start what is down: ${resume}`] : []),
        places.some(({ safetyCopy }) => safetyCopy?.isThere === false)
          ? 'It cannot be undone: old data is gone.'
          : `To bring the old data back: ${undo}`,
        ...(down.length === 0 && places.some(({ safetyCopy }) => safetyCopy?.isThere === true)
          ? ['When you are sure that all is well, the old data may be removed.']
          : []),
      ]
  }
}
