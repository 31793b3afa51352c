import { sampleInWords } from '../../../core/verification.js'
import { BaseCommand } from '../../base-command.js'
import { renderTable } from '../../output/table.js'
import { siteOf } from '../../site.js'

interface ListedPlan {
  readonly plan: string
  readonly description?: string
  readonly file: string
  readonly host: string
  readonly sources: readonly string[]
  readonly destinations: readonly string[]
  /** In words; left out for a plan that runs only when asked. */
  readonly schedule?: string
  /** In words, where old backups are read again by themselves. */
  readonly verification?: string
}

export default class PlanList extends BaseCommand {
  static override summary = 'List the plans of this site.'
  static override examples = ['<%= config.bin %> plan list', '<%= config.bin %> plan list --json']

  async run(): Promise<readonly ListedPlan[]> {
    const { flags } = await this.parse(PlanList)
    const site = await siteOf(flags.config)
    const [{ allPlans }, { scheduleInWords }] = await Promise.all([
      import('../../../operations/plans.js'),
      import('../../../plan/words.js'),
    ])
    const plans = (await allPlans(site)).map(
      ({ name, description, file, host, job, schedule, verification }): ListedPlan => ({
        plan: name,
        ...(description === undefined ? {} : { description }),
        file,
        host,
        sources: job.sets.flatMap(({ sources }) => sources.map((source) => source.name)),
        destinations: job.destinations,
        ...(schedule === undefined ? {} : { schedule: scheduleInWords(schedule) }),
        ...(verification === undefined
          ? {}
          : {
              verification: `${sampleInWords(verification.job.sample)} ${scheduleInWords(verification.schedule)}`,
            }),
      }),
    )
    this.print(
      plans.length === 0 ? `No plans: ${site.configFile} looks in ${site.plans.join(', ')}.` : table(plans),
    )
    return plans
  }
}

const table = (plans: readonly ListedPlan[]): string =>
  renderTable<ListedPlan>(
    [
      { head: 'PLAN', cell: ({ plan }) => plan },
      { head: 'HOST', cell: ({ host }) => host },
      { head: 'SCHEDULE', cell: ({ schedule }) => schedule ?? 'when asked' },
      { head: 'VERIFIED', cell: ({ verification }) => verification ?? '' },
      { head: 'SOURCES', cell: ({ sources }) => sources.join(', ') },
      { head: 'TO', cell: ({ destinations }) => destinations.join(', ') },
      { head: 'FILE', cell: ({ file }) => file },
    ],
    plans,
  )
