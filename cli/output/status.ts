import ansis from 'ansis'
import { formatDuration } from '../../core/units.js'
import type { SiteStatus } from '../../operations/status.js'
import type { AgentStatus } from '../../worker/agent.js'
import { renderPlans } from './plan-status.js'
import { renderFields } from './table.js'
import { oneLine } from './text.js'
import { formatDistance } from './times.js'

export interface FullStatus extends SiteStatus {
  /** `unknown`: this user may not look; a problem says so. */
  readonly agent: Omit<AgentStatus, 'state'> & { readonly state: AgentStatus['state'] | 'unknown' }
}

/** Something needs a person. */
export const needsAttention = ({ alarms, problems }: Pick<SiteStatus, 'alarms' | 'problems'>): boolean =>
  alarms.length > 0 || problems.length > 0

/** The site at one moment: what runs, what is held, what each plan has, and what needs a person, which comes last. */
export function renderStatus(status: FullStatus, now: Date, timezone: string): string {
  const { agent, temporal, hosts, plans, held, alarms, problems } = status
  const page = agent.agent?.temporal?.uiAddress
  return [
    renderFields([
      ['Site', `${status.site}, host ${status.host}`],
      ['Agent', agentText(agent)],
      [
        'Temporal',
        temporal.isReachable ? 'reachable' : `not reachable: ${temporal.problem ?? 'unknown reason'}`,
      ],
      ['Web page', page],
      ...hosts.map((host) => [`Host ${host.host}`, workersText(host)] as const),
    ]),
    ...(plans.length === 0 ? [] : [renderPlans(plans, now, timezone)]),
    ...(held.length === 0 ? [] : [heldLines(held, now).join('\n')]),
    ...(alarms.length === 0 ? [] : [alarmLines(alarms, now).join('\n')]),
    ...(problems.length === 0
      ? []
      : [problems.map((problem) => `${ansis.red('problem')} ${oneLine(problem)}`).join('\n')]),
    ...(needsAttention(status) ? [] : [ansis.green('All is well.')]),
  ].join('\n\n')
}

function agentText({ state, agent, workers }: FullStatus['agent']): string {
  if (state === 'unknown') return 'not known: this user may not look'
  if (state === 'not-running') return 'not running on this machine; start it with: holdfast up'
  if (state === 'killed') return 'was killed; start it again with: holdfast up'
  const parts = workers.map((worker) => `${worker.name} ${worker.state}`)
  return [`${state} (pid ${agent?.pid})`, ...parts].join(', ')
}

function workersText({ hasControl, hasData }: SiteStatus['hosts'][number]): string {
  if (hasControl && hasData) return 'control and data workers are connected'
  return hasControl ? 'no data worker' : hasData ? 'no control worker' : 'no worker is connected'
}

const heldLines = (held: SiteStatus['held'], now: Date): readonly string[] =>
  held.map(({ service, lease, stopRequestedAt, deadlineAt }) => {
    const since = formatDuration(now.getTime() - new Date(stopRequestedAt).getTime())
    const until =
      deadlineAt === undefined
        ? lease === 'write'
          ? ', until its restore is done'
          : ''
        : `, back ${formatDistance(deadlineAt, now)} at the latest`
    return `${ansis.yellow('held')} ${oneLine(service)} since ${since}${until}`
  })

const alarmLines = (alarms: SiteStatus['alarms'], now: Date): readonly string[] =>
  alarms.flatMap(({ cause, summary, hint, raisedAt, count }) => [
    `${ansis.red.bold('alarm')} ${oneLine(cause)} (${formatDistance(raisedAt, now)}${count > 1 ? `, ${count} times` : ''})`,
    `  ${oneLine(summary)}`,
    `  ${oneLine(hint)}`,
  ])
