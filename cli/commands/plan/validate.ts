import { resolve } from 'node:path'
import { Args } from '@oclif/core'
import { counted } from '../../../core/units.js'
import type { Issue } from '../../../plan/issues.js'
import { BaseCommand } from '../../base-command.js'
import { siteOf } from '../../site.js'

export default class PlanValidate extends BaseCommand {
  static override summary = 'Check holdfast.yaml and plans, without touching anything.'
  static override description =
    'Shows all mistakes at once, with line and column. Needs neither Temporal nor a worker.'
  static override examples = [
    '<%= config.bin %> plan validate',
    '<%= config.bin %> plan validate plans/shop.yaml',
  ]
  static override strict = false
  static override args = {
    files: Args.string({ description: 'Plan files. Default: all that `plans` of holdfast.yaml names.' }),
  }

  async run(): Promise<{ readonly plans: readonly string[]; readonly issues: readonly Issue[] }> {
    const { flags, argv } = await this.parse(PlanValidate)
    const site = await siteOf(flags.config)
    const [{ loadPlans, loadPlanFiles, requirePlans }, { renderIssues }] = await Promise.all([
      import('../../../site/plans.js'),
      import('../../../plan/issues.js'),
    ])
    const files = (argv as string[]).map((file) => resolve(file))
    const loaded = files.length === 0 ? await loadPlans(site) : await loadPlanFiles(site, files)
    const plans = requirePlans(loaded).map(({ name }) => name)
    if (loaded.issues.length > 0) this.print(renderIssues(loaded.issues, loaded.texts))
    const none = plans.length === 0 ? ` But \`plans\` leads to no plan: ${site.plans.join(', ')}` : ''
    this.print(`${counted(plans.length, 'plan')} and ${site.configFile}: no errors.${none}`)
    return { plans, issues: loaded.issues }
  }
}
