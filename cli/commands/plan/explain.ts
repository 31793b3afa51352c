import type { BackupJob } from '../../../core/job.js'
import { BaseCommand } from '../../base-command.js'
import { planArgument, planFrom } from '../../plan-argument.js'
import { siteOf } from '../../site.js'

const NEXT_RUNS = 5

export default class PlanExplain extends BaseCommand {
  static override summary =
    'Say what a plan will do: what stops and for how long at most, when, what is kept.'
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
  }> {
    const { args, flags } = await this.parse(PlanExplain)
    const plan = await planFrom(await siteOf(flags.config), args.plan)
    const [{ explainPlan }, { nextRuns }] = await Promise.all([
      import('../../../plan/explain.js'),
      import('../../../plan/next-runs.js'),
    ])
    const now = this.clock()
    const explanation = explainPlan(plan, { now, nextRuns: NEXT_RUNS })
    const runs = plan.schedule === undefined ? [] : nextRuns(plan.schedule, { after: now, count: NEXT_RUNS })
    this.print(explanation.trimEnd())
    return { plan: plan.name, explanation, nextRuns: runs.map((run) => run.toISOString()), job: plan.job }
  }
}
