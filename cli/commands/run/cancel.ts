import { BaseCommand, yesFlag } from '../../base-command.js'
import { runArgument } from '../../run-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class RunCancel extends BaseCommand {
  static override summary = 'Cancel a run: its services are started again, and what it had stored is removed.'
  static override description = 'Returns when the run was told; `run watch` waits for its end.'
  static override examples = ['<%= config.bin %> run cancel backup/shop/20261120-013000-shop-7f3a2c']
  static override args = { id: runArgument }
  static override flags = { yes: yesFlag }

  async run(): Promise<{
    readonly workflowId: string
    readonly runId: string
    readonly wasRunning: boolean
  }> {
    const { args, flags } = await this.parse(RunCancel)
    const site = await siteOf(flags.config)
    const { cancelRun, findRun } = await import('../../../operations/runs.js')
    return connected(site, async ({ client }) => {
      const run = await findRun(client, args.id)
      const { workflowId, runId } = run
      const wasRunning = run.status === 'running'
      if (wasRunning) {
        await this.confirm(`Cancel ${workflowId}?`, flags.yes)
        await cancelRun(client, run)
      }
      this.print(
        wasRunning ? `${workflowId} was told to stop.` : `${workflowId} had ended already: ${run.status}.`,
      )
      return { workflowId, runId, wasRunning }
    })
  }
}
