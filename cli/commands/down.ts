import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { siteOf } from '../site.js'

interface Stopped {
  readonly pid: number
  readonly wasKilled: boolean
  /** Services that stay down: held for a restore, or not to be started. */
  readonly stillHeld: readonly string[]
}

export default class Down extends BaseCommand {
  static override summary = 'Stop what `holdfast up` runs on this machine, in order.'
  static override description =
    'Services that are held come back first; what stays down is named, and the exit code is 9. Ends also what an agent that was killed has left behind.'
  static override examples = ['<%= config.bin %> down']

  async run(): Promise<Stopped> {
    const { flags } = await this.parse(Down)
    const site = await siteOf(flags.config)
    const [{ stopAgent }, { holdsOf }, { stillHeldText }] = await Promise.all([
      import('../../worker/agent.js'),
      import('../../worker/holds.js'),
      import('../../worker/agent-events.js'),
    ])
    const stopped = await stopAgent(site)
    const onTrouble = (message: string) => this.terminal.write(`${message}\n`)
    // An agent that was killed has brought nothing back; one that stopped in order leaves nothing to do.
    const holds = await holdsOf(site, { environment: process.env, clock: this.clock, onTrouble })
    const { broughtBack, stillHeld } = await holds.settle()
    this.print(stopped.wasKilled ? 'Ended what a killed agent had left.' : `Stopped (pid ${stopped.pid}).`)
    if (broughtBack.length > 0) this.print(`Started again: ${broughtBack.join(', ')}.`)
    if (stillHeld.length > 0) {
      this.print(stillHeldText(stillHeld))
      this.exitWith(exitCodes.notGood)
    }
    return { ...stopped, stillHeld }
  }
}
