import type { ExplainedChange } from '../../../plan/explain/differences.js'
import { BaseCommand } from '../../base-command.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class PlanApply extends BaseCommand {
  static override summary = 'Make the schedules that are running what the plans say.'
  static override description =
    'Creates, changes and removes schedules of this site; those that were paused stay paused. `plan diff` shows it before.'
  static override examples = ['<%= config.bin %> plan apply']

  async run(): Promise<readonly ExplainedChange[]> {
    const { flags } = await this.parse(PlanApply)
    const site = await siteOf(flags.config)
    const [{ applyPlans }, { describeChanges }] = await Promise.all([
      import('../../../operations/apply.js'),
      import('../../../plan/diff.js'),
    ])
    const changes = await connected(site, applyPlans)
    this.print(describeChanges(changes, 'done'))
    return changes
  }
}
