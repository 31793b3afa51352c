import { Flags } from '@oclif/core'
import type { startDetached } from '../../worker/agent.js'
import { BaseCommand } from '../base-command.js'
import { siteOf } from '../site.js'

type Started = Pick<Awaited<ReturnType<typeof startDetached>>, 'pid' | 'temporal'>

export default class Up extends BaseCommand {
  static override summary =
    'Run this machine: Temporal (unless holdfast.yaml names a server) and the workers.'
  static override description =
    'Starts again whatever ends. Ctrl-C stops in order: runs that hold services are cancelled first, so that these come back.'
  static override examples = ['<%= config.bin %> up', '<%= config.bin %> up --detach']
  static override flags = {
    detach: Flags.boolean({ char: 'd', description: 'Return when all is ready, and leave it running.' }),
  }

  async run(): Promise<Started | undefined> {
    const { flags } = await this.parse(Up)
    const site = await siteOf(flags.config)
    const [{ runAgent }, { startDetached }, { describeAgentEvent }, { stopRequests }] = await Promise.all([
      import('../../worker/up.js'),
      import('../../worker/agent.js'),
      import('../../worker/agent-events.js'),
      import('../../worker/signals.js'),
    ])
    const onEvent = (event: Parameters<typeof describeAgentEvent>[0]) => {
      if (!flags.quiet) this.terminal.write(`${describeAgentEvent(event)}\n`)
    }
    if (!flags.detach) {
      await runAgent(site, { environment: process.env, clock: this.clock, onEvent, signal: stopRequests() })
      return undefined
    }
    const { pid, temporal } = await startDetached(site, { environment: process.env, onEvent })
    this.print(`Holdfast runs (pid ${pid}).`)
    if (temporal?.uiAddress !== undefined) this.print(`Temporal's web page: ${temporal.uiAddress}`)
    return { pid, ...(temporal === undefined ? {} : { temporal }) }
  }
}
