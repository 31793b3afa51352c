import type { ExplainedChange } from '../../../plan/explain/differences.js'
import { BaseCommand } from '../../base-command.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class PlanDiff extends BaseCommand {
  static override summary = 'Show what `plan apply` would change in the schedules that are running.'
  static override description = 'Of a plan that changed, the sentences of `plan explain` that are others.'
  static override examples = ['<%= config.bin %> plan diff']

  async run(): Promise<readonly ExplainedChange[]> {
    const { flags } = await this.parse(PlanDiff)
    const site = await siteOf(flags.config)
    const [{ diffPlans }, { describeChanges }] = await Promise.all([
      import('../../../operations/apply.js'),
      import('../../../plan/diff.js'),
    ])
    const changes = await connected(site, diffPlans)
    this.print(describeChanges(changes, 'planned'))
    return changes
  }
}
