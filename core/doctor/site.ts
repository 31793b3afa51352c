import type { ScheduleChange } from '../schedule-diff.js'
import { counted } from '../units.js'
import type { PreflightResult } from '../work/capture.js'
import { failedFinding, fine, type Failed, type Finding, type Told } from './finding.js'
import type { ThisHost } from './this-host.js'

export interface ConfigurationFacts {
  readonly configFile: string
  readonly plans: number
  readonly errors: number
  readonly warnings: number
}

export function judgeConfiguration(facts: ConfigurationFacts): readonly Finding[] {
  const { configFile, plans, errors, warnings } = facts
  const wrong: Finding[] = []
  if (errors > 0) {
    wrong.push({
      ...{ area: 'configuration', severity: 'problem' },
      what: `Plans have ${counted(errors, 'mistake')}.`,
      why: 'A plan with a mistake cannot be applied, and neither can the others while it is there.',
      mend: 'See: holdfast plan validate',
    })
  } else if (plans === 0) {
    wrong.push({
      ...{ area: 'configuration', severity: 'warning' },
      what: `${configFile} leads to no plan.`,
      why: 'Nothing is backed up.',
      mend: 'Write one (docs/getting-started.md), or correct `plans` in holdfast.yaml.',
    })
  }
  if (warnings > 0) {
    wrong.push({
      ...{ area: 'configuration', severity: 'warning' },
      what: `Plans have ${counted(warnings, 'warning')}.`,
      mend: 'See: holdfast plan validate',
    })
  }
  return wrong.length > 0
    ? wrong
    : [fine('configuration', `${configFile} and ${counted(plans, 'plan')}: no mistakes.`)]
}

/** What a connection to Temporal came to. */
export function judgeTemporal(address: string | undefined, failed: Failed | undefined): readonly Finding[] {
  const where = address === undefined ? 'The embedded Temporal' : `Temporal at ${address}`
  if (failed === undefined) return [fine('temporal', `${where} answers.`)]
  const why =
    'Schedules and runs live there: without it nothing begins. Services that are held come back in any case.'
  return [failedFinding({ area: 'temporal', severity: 'problem', why }, failed)]
}

export interface WorkerFacts {
  readonly host: string
  readonly hasControl: boolean
  readonly hasData: boolean
  /** Plans that run there. */
  readonly plans: readonly string[]
}

export interface WorkersFacts {
  readonly hosts: readonly WorkerFacts[]
  /** Whether anybody takes up workflows. */
  readonly hasOrchestrator: boolean
}

export function judgeWorkers({ hosts, hasOrchestrator }: WorkersFacts): readonly Finding[] {
  return [
    ...(hasOrchestrator
      ? []
      : [
          {
            ...({ area: 'workers', severity: 'problem' } as const),
            what: 'No worker takes up runs.',
            why: 'Temporal starts runs at their time, and nobody would carry them out.',
            mend: 'holdfast up --detach, on the main host',
          },
        ]),
    ...hosts.map(judgeHost),
  ]
}

function judgeHost({ host, hasControl, hasData, plans }: WorkerFacts): Finding {
  if (hasControl && hasData) return fine('workers', `Host "${host}": control and data workers are connected.`)
  const lacking = hasControl ? 'no data worker' : hasData ? 'no control worker' : 'no worker'
  return {
    area: 'workers',
    severity: plans.length === 0 ? 'warning' : 'problem',
    what: `Host "${host}" has ${lacking} that asks for work.`,
    why:
      plans.length === 0
        ? 'No plan runs there yet.'
        : `Nothing of ${plans.join(', ')} is backed up until it does.`,
    mend: `holdfast up --detach, on ${host}`,
  }
}

export function judgeAgent(state: Awaited<ReturnType<ThisHost['agent']>>): readonly Finding[] {
  if (state !== 'killed') return []
  return [
    {
      ...{ area: 'workers', severity: 'problem' },
      what: 'The agent of this machine was killed.',
      why: 'What it had stopped is started by the watchdog only when it runs again.',
      mend: 'holdfast up --detach',
    },
  ]
}

/** What `plan apply` would change, and what is paused. */
export function judgeSchedules(changes: readonly ScheduleChange[]): readonly Finding[] {
  const findings = changes.flatMap(findingOf)
  const kept = changes.filter(({ kind, paused }) => kind === 'keep' && !paused).length
  return kept === 0
    ? findings
    : [...findings, fine('schedules', `${counted(kept, 'schedule')} as the plans say.`)]
}

function findingOf({ kind, plan, work, paused }: ScheduleChange): readonly Finding[] {
  const whose = work === 'verify' ? `The verification of plan "${plan}"` : `Plan "${plan}"`
  switch (kind) {
    case 'create':
      return [
        {
          area: 'schedules',
          severity: work === 'verify' ? 'warning' : 'problem',
          what: `${whose} has a schedule that was never applied.`,
          why: 'It does not run by itself.',
          mend: 'holdfast plan apply',
        },
      ]
    case 'change':
      return [
        {
          ...{ area: 'schedules', severity: 'warning' },
          what: `${whose} has changed since it was applied.`,
          why: 'It runs as it was before.',
          mend: 'holdfast plan diff, then: holdfast plan apply',
        },
      ]
    case 'remove':
      return [
        {
          ...{ area: 'schedules', severity: 'warning' },
          what: `${whose} is gone, and its schedule still runs.`,
          why: 'It makes backups that no plan describes.',
          mend: 'holdfast plan diff, then: holdfast plan apply',
        },
      ]
    case 'keep':
      return paused ? [pausedFinding(plan, whose)] : []
  }
}

const pausedFinding = (plan: string, whose: string): Finding => ({
  ...{ area: 'schedules', severity: 'warning' },
  what: `${whose} is paused.`,
  why: 'It does not run by itself until somebody resumes it.',
  mend: `holdfast backup schedule ${plan} --resume`,
})

/** Everything that a run tries before it stops anything. `told`: what it came to on the host of the plan. */
export function judgePreflight(plan: string, host: string, told: Told<PreflightResult>): readonly Finding[] {
  if ('failed' in told) {
    return [
      failedFinding(
        {
          area: 'plans',
          severity: 'problem',
          why: `A run of "${plan}" would end there, before it stops anything.`,
        },
        told.failed,
        `Plan "${plan}" cannot run on host "${host}": `,
      ),
    ]
  }
  const { warnings } = told.value
  return warnings.length === 0
    ? [
        fine(
          'plans',
          `Plan "${plan}" can run on host "${host}": tools, rights, secrets, sources and services were tried.`,
        ),
      ]
    : warnings.map((warning) => ({ area: 'plans', severity: 'warning', what: `Plan "${plan}": ${warning}` }))
}
