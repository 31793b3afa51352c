import ansis from 'ansis'
import type { Untouched } from '../../core/rotation.js'
import type { RotationReport } from '../../core/rotation-steps.js'
import { counted } from '../../core/units.js'
import type { PreparedRotation } from '../../operations/rotation.js'
import { renderTable } from './table.js'
import { oneLine } from './text.js'

/** What a rotation would do: all that is wrapped by the old key, and who wraps it anew. */
export function renderRotationPlan({ job: { from }, plan }: PreparedRotation): string {
  const others = plan.others.map((one) => `Not touched: ${untouchedText(one)}.`)
  if (plan.steps.length === 0)
    return [`No backup of this site is encrypted for "${from}".`, ...others].join('\n')
  const table = renderTable<PreparedRotation['plan']['steps'][number]>(
    [
      { head: 'PLAN', cell: ({ plan: name }) => name },
      { head: 'DESTINATION', cell: ({ destination }) => destination },
      { head: 'HOST', cell: ({ host }) => host },
      { head: 'BACKUPS', align: 'right', cell: ({ backups }) => String(backups) },
    ],
    plan.steps,
  )
  return [table, ...others].join('\n')
}

/** What came of it, and what still has the old key. */
export function renderRotation(report: RotationReport): string {
  const { outcome, from, to, rewrapped, remaining, others, kept, problems } = report
  const title =
    outcome === 'good'
      ? ansis.green.bold(`Done: no backup of this site needs "${from}" any more.`)
      : ansis.yellow.bold(`Not done: "${from}" is still needed.`)
  return [
    title,
    ...rewrapped.map((one) => `  ${placeText(one)} opened by "${to}" now`),
    ...remaining.map((one) => `  ${ansis.red('✗')} ${placeText(one)} not changed: ${oneLine(one.because)}`),
    ...problems.map((problem) => `  ${ansis.red('✗')} ${oneLine(problem)}`),
    ...others.map((one) => `  ${ansis.yellow('!')} not touched: ${untouchedText(one)}`),
    ...kept.map(
      ({ destination, objects }) =>
        `  ${ansis.yellow('!')} ${oneLine(destination)} keeps what was deleted as older versions: ${counted(objects, 'data key')} wrapped by "${from}"`,
    ),
  ].join('\n')
}

type Place = Pick<Untouched, 'plan' | 'destination' | 'backups'>

const placeText = ({ plan, destination, backups }: Place): string =>
  `${oneLine(plan)} at ${oneLine(destination)}: ${counted(backups, 'backup')}`

const untouchedText = (one: Untouched): string => `${placeText(one)}, ${oneLine(one.because)}`
