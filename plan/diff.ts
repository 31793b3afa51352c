import type { ScheduleChange } from '../core/schedule-diff.js'
import { counted } from '../core/units.js'
import type { ExplainedChange } from './explain/differences.js'
import { scheduleInWords } from './words.js'

const SIGNS = { create: '+', change: '~', remove: '-', keep: '=' } as const
const WORDS = {
  planned: { create: 'to create', change: 'to change', remove: 'to remove', keep: 'unchanged' },
  done: { create: 'created', change: 'changed', remove: 'removed', keep: 'unchanged' },
} as const

const WORK = { backup: '', verify: ', verification' } as const

/** One change in a line: `+ shop: at 02:30 (cron "30 2 * * *", UTC). New.` */
export function describeChange(change: ScheduleChange): string {
  const when = change.kind === 'remove' ? 'no more runs' : scheduleInWords(change.wanted.schedule)
  const paused = change.paused && change.kind !== 'remove' ? ' [paused]' : ''
  return `${SIGNS[change.kind]} ${change.plan}${WORK[change.work]}: ${when}${paused}. ${change.reason.charAt(0).toUpperCase()}${change.reason.slice(1)}.`
}

/** What of a plan is another, in its own sentences: those that go, then those that come. */
function differenceLines({ differences }: ExplainedChange): readonly string[] {
  if (differences === undefined) return []
  if (differences.length === 0) return ['    Only its text is another: it does the same.']
  return differences.flatMap(({ before, after }) => [
    ...before.map((sentence) => `    - ${sentence}`),
    ...after.map((sentence) => `    + ${sentence}`),
  ])
}

/** All changes, then how many there are of each kind, in words for what is to be done, or was. */
export function describeChanges(changes: readonly ExplainedChange[], when: keyof typeof WORDS): string {
  if (changes.length === 0) return 'No plan has a schedule, and none is running.'
  const counts = (Object.keys(SIGNS) as ScheduleChange['kind'][]).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length
    return count === 0 ? [] : [`${count} ${WORDS[when][kind]}`]
  })
  return [
    ...changes.flatMap((change) => [describeChange(change), ...differenceLines(change)]),
    `${counted(changes.length, 'schedule')}: ${counts.join(', ')}.`,
  ].join('\n')
}
