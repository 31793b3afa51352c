import { Args } from '@oclif/core'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class PlanRemove extends BaseCommand {
  static override summary = 'Remove the schedules of a plan: nothing of it runs by itself any more.'
  static override description =
    'Its file and its backups stay, and a run that goes on is not touched. As long as the file is among the plans of the site, `plan apply` makes them again.'
  static override examples = ['<%= config.bin %> plan remove shop']
  static override args = {
    plan: Args.string({ description: 'Name of the plan; its file need not exist any more.', required: true }),
  }
  static override flags = { yes: yesFlag }

  async run(): Promise<{ readonly scheduleIds: readonly string[] }> {
    const { args, flags } = await this.parse(PlanRemove)
    const site = await siteOf(flags.config)
    const { removePlan } = await import('../../../operations/apply.js')
    await this.confirm(`Remove all schedules of "${args.plan}"?`, flags.yes)
    const removed = await connected(site, (session) => removePlan(session, args.plan))
    this.print(`Nothing of ${args.plan} runs by itself any more. Its file and its backups are still there.`)
    return removed
  }
}
