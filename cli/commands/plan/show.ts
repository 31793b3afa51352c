import type { CompiledPlan } from '../../../plan/compile.js'
import { BaseCommand } from '../../base-command.js'
import { printable } from '../../output/text.js'
import { planArgument, planFrom } from '../../plan-argument.js'
import { siteOf } from '../../site.js'

export default class PlanShow extends BaseCommand {
  static override summary =
    'Print a plan: its file, or with --json what it is compiled to, defaults filled in.'
  static override examples = ['<%= config.bin %> plan show shop', '<%= config.bin %> plan show shop --json']
  static override args = { plan: planArgument }

  async run(): Promise<CompiledPlan> {
    const { args, flags } = await this.parse(PlanShow)
    const plan = await planFrom(await siteOf(flags.config), args.plan)
    this.print(printable(plan.job.planText).trimEnd())
    return plan
  }
}
