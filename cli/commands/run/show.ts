import type { RunView } from '../../../operations/follow.js'
import type { RunSummary } from '../../../operations/runs.js'
import { BaseCommand } from '../../base-command.js'
import { renderProgress } from '../../output/progress.js'
import { renderRun } from '../../output/runs.js'
import { localTimezone } from '../../output/times.js'
import { runArgument } from '../../run-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class RunShow extends BaseCommand {
  static override summary = 'Show one run: how it ended, or what it does right now.'
  static override examples = ['<%= config.bin %> run show backup/shop/20261120-013000-shop-7f3a2c']
  static override args = { id: runArgument }

  async run(): Promise<RunSummary & { readonly now?: RunView; readonly failure?: string }> {
    const { args, flags } = await this.parse(RunShow)
    const site = await siteOf(flags.config)
    const [{ findRun }, { failureOfRun, viewRun }] = await Promise.all([
      import('../../../operations/runs.js'),
      import('../../../operations/follow.js'),
    ])
    return connected(site, async ({ client }) => {
      const run = await findRun(client, args.id)
      const now = run.status === 'running' ? await viewRun(client, run) : undefined
      const failure = run.status === 'failed' ? await failureOfRun(client, run) : undefined
      this.print(renderRun(run, localTimezone(), failure?.message))
      if (now !== undefined) this.print(`\n${renderProgress(now, new Map(), this.clock()).join('\n')}`)
      return {
        ...run,
        ...(now === undefined ? {} : { now }),
        ...(failure === undefined ? {} : { failure: failure.message }),
      }
    })
  }
}
