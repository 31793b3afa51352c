import { Flags } from '@oclif/core'
import { BaseCommand } from '../base-command.js'
import { siteOf } from '../site.js'

export default class Worker extends BaseCommand {
  static override summary = 'Run one worker of this host in the foreground.'
  static override description =
    '`holdfast up` runs both workers and starts them again. This is for containers and process managers that do so themselves.'
  static override examples = [
    '<%= config.bin %> worker --role control',
    '<%= config.bin %> worker --role data',
  ]
  static override flags = {
    role: Flags.option({
      options: ['control', 'data', 'orchestrator', 'all'] as const,
      description: 'control: stops and starts services; data: reads and stores; orchestrator: runs only.',
      required: true,
    })(),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Worker)
    const site = await siteOf(flags.config)
    const { runWorker } = await import('../../worker/run.js')
    await runWorker(site, flags.role)
  }
}
