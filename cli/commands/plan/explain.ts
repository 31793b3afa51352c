import type { BackupJob } from '../../../core/job.js'
import type { PlanHistory } from '../../../operations/plan-history.js'
import { BaseCommand } from '../../base-command.js'
import { renderHistory } from '../../output/plan-history.js'
import { localTimezone } from '../../output/times.js'
import { planArgument, planFrom } from '../../plan-argument.js'
import { commandWorld } from '../../session.js'
import { siteOf } from '../../site.js'

const NEXT_RUNS = 5

export default class PlanExplain extends BaseCommand {
  static override summary =
    'Say what a plan will do, what it did last time, and what its retention would remove today.'
  static override description =
    'What is read, what stops and for how long at most, where to, when, what is kept, and what a restore does. What its backups tell comes last, where Temporal and the worker can be asked.'
  static override examples = [
    '<%= config.bin %> plan explain shop',
    '<%= config.bin %> plan explain ./new.yaml',
  ]
  static override args = { plan: planArgument }

  async run(): Promise<{
    readonly plan: string
    readonly explanation: string
    readonly nextRuns: readonly string[]
    readonly job: BackupJob
    readonly history: PlanHistory
  }> {
    const { args, flags } = await this.parse(PlanExplain)
    const site = await siteOf(flags.config)
    const plan = await planFrom(site, args.plan)
    const [{ explainPlan }, { nextRuns }, { planHistory }] = await Promise.all([
      import('../../../plan/explain/explain.js'),
      import('../../../plan/next-runs.js'),
      import('../../../operations/plan-history.js'),
    ])
    const now = this.clock()
    const explanation = explainPlan(plan, { now, nextRuns: NEXT_RUNS })
    const runs = plan.schedule === undefined ? [] : nextRuns(plan.schedule, { after: now, count: NEXT_RUNS })
    this.print(explanation)
    const history = await planHistory(site, await commandWorld(site), plan)
    this.print(renderHistory(plan, history, now, localTimezone()))
    return {
      plan: plan.name,
      explanation,
      nextRuns: runs.map((run) => run.toISOString()),
      job: plan.job,
      history,
    }
  }
}
