import { Flags } from '@oclif/core'
import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { needsAttention, renderStatus, type FullStatus } from '../output/status.js'
import { localTimezone } from '../output/times.js'
import { commandWorld } from '../session.js'
import { siteOf } from '../site.js'

export default class Status extends BaseCommand {
  static override summary = 'Show what runs, what each plan has, what is held still, and open alarms.'
  static override description =
    'Works without Temporal too: then it shows what this machine knows. Exit code 1 while something needs a person. The bars are the sizes of the last good backups.'
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --json',
  ]
  static override flags = {
    watch: Flags.boolean({
      char: 'w',
      description: 'Look again every ten seconds, until Ctrl-C. Needs a terminal.',
      exclusive: ['json'],
    }),
  }

  async run(): Promise<FullStatus> {
    const { flags } = await this.parse(Status)
    if (!flags.watch) {
      const status = await this.#look(flags.config)
      this.print(renderStatus(status, this.clock(), localTimezone()))
      if (needsAttention(status)) this.exitWith(exitCodes.found)
      return status
    }
    const { keepShowing } = await import('../keep-showing.js')
    const { sleep } = await commandWorld(await siteOf(flags.config))
    return keepShowing({
      terminal: this.terminal,
      sleep,
      look: async () => {
        const value = await this.#look(flags.config)
        return { value, text: renderStatus(value, this.clock(), localTimezone()) }
      },
    })
  }

  /** Reads the configuration anew: whoever watches may be editing plans. */
  async #look(config: string | undefined): Promise<FullStatus> {
    const site = await siteOf(config)
    const [{ agentStatus }, { siteStatus }, { told }] = await Promise.all([
      import('../../worker/agent.js'),
      import('../../operations/status.js'),
      import('../../core/doctor/told.js'),
    ])
    const [asked, status] = await Promise.all([
      told(agentStatus(site)),
      siteStatus(site, await commandWorld(site)),
    ])
    const agent: FullStatus['agent'] = 'value' in asked ? asked.value : { state: 'unknown', workers: [] }
    const killed = agent.state === 'killed' ? ['The agent was killed: `holdfast up` starts it again.'] : []
    const unknown = 'failed' in asked ? [[asked.failed.message, asked.failed.hint].join(' ')] : []
    const known = status.problems.filter(
      (problem) => !('failed' in asked && problem === asked.failed.message),
    )
    return { ...status, problems: [...known, ...killed, ...unknown], agent }
  }
}
