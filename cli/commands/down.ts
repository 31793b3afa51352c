import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { siteOf } from '../site.js'

interface Stopped {
  readonly pid: number
  readonly wasKilled: boolean
  /** What stays down: for a restore, or because it could not be started. */
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
    const [{ stopAgent }, { holdsOf }, { settleHolds }, { describeAgentEvent }] = await Promise.all([
      import('../../worker/agent.js'),
      import('../../worker/tools.js'),
      import('../../worker/bring-back.js'),
      import('../../worker/agent-events.js'),
    ])
    const stopped = await stopAgent(site)
    this.print(stopped.wasKilled ? 'Ended what a killed agent had left.' : `Stopped (pid ${stopped.pid}).`)
    const stillHeld: string[] = []
    // An agent that was killed has brought nothing back; after one that stopped in order there is only to say what is left.
    await settleHolds({
      ...(await holdsOf(site, process.env)),
      onEvent: (event) => {
        this.print(describeAgentEvent(event))
        if (event.type === 'still-held') stillHeld.push(...event.services)
      },
    })
    if (stillHeld.length > 0) this.exitWith(exitCodes.notGood)
    return { ...stopped, stillHeld }
  }
}
