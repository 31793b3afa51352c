import { BaseCommand } from '../base-command.js'
import { siteOf } from '../site.js'

export default class Down extends BaseCommand {
  static override summary = 'Stop what `holdfast up` runs on this machine, in order.'
  static override description =
    'Services that are held come back first. Ends also what an agent that was killed has left behind.'
  static override examples = ['<%= config.bin %> down']

  async run(): Promise<{ readonly pid: number; readonly wasKilled: boolean }> {
    const { flags } = await this.parse(Down)
    const site = await siteOf(flags.config)
    const { stopAgent } = await import('../../worker/agent.js')
    const stopped = await stopAgent(site)
    this.print(stopped.wasKilled ? 'Ended what a killed agent had left.' : `Stopped (pid ${stopped.pid}).`)
    return stopped
  }
}
