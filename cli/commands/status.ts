import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { needsAttention, renderStatus, type FullStatus } from '../output/status.js'
import { localTimezone } from '../output/times.js'
import { commandWorld } from '../session.js'
import { siteOf } from '../site.js'

export default class Status extends BaseCommand {
  static override summary = 'Show what runs, what each plan has, what is held still, and open alarms.'
  static override description =
    'Works without Temporal too: then it shows what this machine knows. Exit code 1 while something needs a person.'
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json']

  async run(): Promise<FullStatus> {
    const { flags } = await this.parse(Status)
    const site = await siteOf(flags.config)
    const [{ agentStatus }, { siteStatus }] = await Promise.all([
      import('../../worker/agent.js'),
      import('../../operations/status.js'),
    ])
    const [agent, status] = await Promise.all([agentStatus(site), siteStatus(site, await commandWorld(site))])
    const killed = agent.state === 'killed' ? ['The agent was killed: `holdfast up` starts it again.'] : []
    const full = { ...status, problems: [...status.problems, ...killed], agent }
    this.print(renderStatus(full, this.clock(), localTimezone()))
    if (needsAttention(full)) this.exitWith(exitCodes.found)
    return full
  }
}
