import { Flags } from '@oclif/core'
import type { Settlement } from '../../../worker/settle.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { isSettled, renderSettlement } from '../../output/journal.js'
import { localTimezone } from '../../output/times.js'
import { siteOf } from '../../site.js'

export default class JournalSettle extends BaseCommand {
  static override summary = 'Start what was stopped on this machine and that nobody else will start any more.'
  static override description = `For a person, a systemd timer or cron; safe beside workers and beside itself. Needs neither Temporal nor a worker: Temporal is
asked whether the guard of a service is still at work. When it does not answer, a service is started as soon as its longest
downtime is over, and left until then. What a restore holds is never started, unless --start names it.

Exit code 9 when a service is left that needs a person.`
  static override examples = [
    '<%= config.bin %> journal settle',
    '<%= config.bin %> journal settle --start docker:shop_db_1',
  ]
  static override flags = {
    start: Flags.string({
      description:
        'Start this one, also where a restore that has ended badly keeps it down, its time is not over, or its entry cannot be read. Its data must be whole: only you can know.',
      helpValue: 'SERVICE',
      multiple: true,
    }),
  }

  async run(): Promise<Settlement> {
    const { flags } = await this.parse(JournalSettle)
    const site = await siteOf(flags.config)
    const [{ handTools }, { settleByHand }] = await Promise.all([
      import('../../../worker/hand-tools.js'),
      import('../../../worker/settle.js'),
    ])
    const onTrouble = (message: string) => this.terminal.write(`${message}\n`)
    const tools = await handTools(site, { environment: process.env, clock: this.clock, onTrouble })
    const settlement = await settleByHand(tools, { asked: flags.start ?? [] })
    this.print(renderSettlement(settlement, localTimezone()))
    if (!isSettled(settlement)) this.exitWith(exitCodes.notGood)
    return settlement
  }
}
