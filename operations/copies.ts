import type { ReplicateInput } from '../core/copies.js'
import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import { rulesAt } from '../core/job.js'
import { didYouMean } from '../core/suggest.js'
import type { ReplicateRunResult } from '../core/work/runs.js'
import type { CompiledPlan } from '../plan/compile.js'
import type { ReplicateRunInput } from '../workflows/replicate-run.js'
import { startRun, type StartedRun } from './runs.js'
import type { Session } from './session.js'

export interface CopyChoice {
  /** Only this backup. Left out: all that are missing, and that retention would keep. */
  readonly backupId?: string
  /** Default: the first destination of the plan. */
  readonly from?: string | undefined
  /** Default: all destinations of the plan but `from`. */
  readonly to?: string | undefined
}

/** More than any plan keeps. */
const ALL_AT_MOST = 10_000

/** Starts to make the copies that are missing. Fails with `plan.invalid` for a plan with one destination, and with `flag.invalid`. */
export async function startReplication(
  { client }: Session,
  { name, host, job, file }: CompiledPlan,
  choice: CopyChoice,
): Promise<StartedRun<ReplicateRunResult>> {
  const { destinations, site, timezone } = job
  const { backupId, from = destinations[0] ?? '', to } = choice
  if (destinations.length < 2) {
    throw new HoldfastError(
      'plan.invalid',
      `Plan "${name}" has one destination: there are no copies to make.`,
      {
        hint: `Name another under \`destinations\` of ${file}.`,
      },
    )
  }
  for (const named of [from, ...(to === undefined ? [] : [to])]) requireOf(destinations, named, name)
  const others = (to === undefined ? destinations : [to]).filter((destination) => destination !== from)
  if (others.length === 0) {
    throw new HoldfastError('flag.invalid', `"${from}" cannot be copied to itself.`, {
      hint: 'Give another destination with --from or --destination.',
    })
  }
  const copies = others.map((destination): ReplicateInput => {
    const rules = rulesAt(job, destination)
    return {
      ...{ plan: name, site, from, to: destination, timezone },
      ...(rules === undefined ? {} : { rules }),
      ...(backupId === undefined ? { othersAtMost: ALL_AT_MOST } : { backupId, othersAtMost: 0 }),
    }
  })
  const argument: ReplicateRunInput = { host, plan: name, site, copies }
  return startRun(client, {
    workflow: 'replicateRun',
    workflowId: workflowIds.replicate(name),
    argument,
    summary: `Copies of ${backupId ?? name}`,
    attributes: { site, host, plan: name, kind: 'replicate', backup: backupId },
  })
}

function requireOf(destinations: readonly string[], named: string, plan: string): void {
  if (destinations.includes(named)) return
  throw new HoldfastError('flag.invalid', `Plan "${plan}" has no destination "${named}".`, {
    hint: didYouMean(named, destinations) ?? `It has ${destinations.join(', ')}.`,
  })
}
