import type { CopyReport } from '../../../core/copies.js'
import type { RunView } from '../../../operations/follow.js'
import type { RunSummary } from '../../../operations/runs.js'
import { BaseCommand } from '../../base-command.js'
import { copyText } from '../../output/copies.js'
import { renderProgress } from '../../output/progress.js'
import { renderRun } from '../../output/runs.js'
import { oneLine } from '../../output/text.js'
import { localTimezone } from '../../output/times.js'
import { runArgument } from '../../run-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

interface ShownRun extends RunSummary {
  readonly now?: RunView
  readonly failure?: string
  /** Of a run that ended partial. */
  readonly missingCopies?: readonly CopyReport[]
}

export default class RunShow extends BaseCommand {
  static override summary = 'Show one run: how it ended, or what it does right now.'
  static override examples = ['<%= config.bin %> run show backup/shop/20261120-013000-shop-7f3a2c']
  static override args = { id: runArgument }

  async run(): Promise<ShownRun> {
    const { args, flags } = await this.parse(RunShow)
    const site = await siteOf(flags.config)
    const [{ findRun }, { failureOfRun, missingCopiesOf, viewRun }] = await Promise.all([
      import('../../../operations/runs.js'),
      import('../../../operations/follow.js'),
    ])
    return connected(site, async ({ client }) => {
      const run = await findRun(client, args.id)
      const now = run.status === 'running' ? await viewRun(client, run) : undefined
      const failure = run.status === 'failed' ? await failureOfRun(client, run) : undefined
      const missing = run.outcome === 'partial' ? await missingCopiesOf(client, run) : []
      this.print(renderRun(run, localTimezone(), failure?.message))
      for (const report of missing) this.print(`\nAt ${oneLine(report.destination)}: ${copyText(report)}`)
      if (now !== undefined) this.print(`\n${renderProgress(now, new Map(), this.clock()).join('\n')}`)
      return {
        ...run,
        ...(now === undefined ? {} : { now }),
        ...(failure === undefined ? {} : { failure: failure.message }),
        ...(missing.length === 0 ? {} : { missingCopies: missing }),
      }
    })
  }
}
