import { Flags } from '@oclif/core'
import type { RunSummary } from '../../../operations/runs.js'
import { BaseCommand } from '../../base-command.js'
import { renderRuns } from '../../output/runs.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

const DEFAULT_LIMIT = 20

export default class RunList extends BaseCommand {
  static override summary = 'List runs, newest first: what is going on, and what became of the last ones.'
  static override examples = ['<%= config.bin %> run list', '<%= config.bin %> run list --running --json']
  static override flags = {
    plan: Flags.string({ description: 'Only of this plan.', helpValue: 'NAME' }),
    kind: Flags.option({
      description: 'Only runs of this kind.',
      options: ['backup', 'restore', 'replicate', 'retention', 'rotate', 'verify'] as const,
    })(),
    running: Flags.boolean({ description: 'Only those that go on.' }),
    limit: Flags.integer({ description: 'How many at most.', default: DEFAULT_LIMIT, min: 1, max: 1000 }),
  }

  async run(): Promise<readonly RunSummary[]> {
    const { flags } = await this.parse(RunList)
    const site = await siteOf(flags.config)
    const { listRuns } = await import('../../../operations/runs.js')
    const runs = await connected(site, ({ client }) =>
      listRuns(client, {
        site: site.site,
        limit: flags.limit,
        ...(flags.plan === undefined ? {} : { plan: flags.plan }),
        ...(flags.kind === undefined ? {} : { kind: flags.kind }),
        ...(flags.running ? { only: 'running' } : {}),
      }),
    )
    this.print(renderRuns(runs, localTimezone()))
    return runs
  }
}
