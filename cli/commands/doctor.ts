import type { Examination } from '../../operations/doctor/doctor.js'
import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { renderExamination } from '../output/doctor.js'
import { commandWorld } from '../session.js'
import { siteOf } from '../site.js'

/** For what still hangs when everything has been said: a mount that is gone would keep the process for ever. */
const HANGING_MS = 2000

export default class DoctorCommand extends BaseCommand {
  static override summary =
    'Look at all that tonight’s runs need, and say what is wrong, why it matters, and what mends it.'
  static override description = `Tools, rights, keys and secrets, Temporal, the workers of every host, destinations, space, clocks, schedules, the journal and
alarms; and for each plan, what a run tries before it stops anything. Nothing is stopped. Destinations are written to and
cleaned, as by \`destination check\`. Works without Temporal and without an agent: then this process tries what it can.

Exit code 1 when something would make a run fail; warnings alone are 0.`
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']

  async run(): Promise<Examination> {
    const { flags } = await this.parse(DoctorCommand)
    const site = await siteOf(flags.config)
    const [{ thisHost }, { examineSite }] = await Promise.all([
      import('../../worker/doctor/this-host.js'),
      import('../../operations/doctor/doctor.js'),
    ])
    const options = { environment: process.env, clock: this.clock, onTrouble: () => undefined }
    const examination = await examineSite({
      ...{ site, world: await commandWorld(site) },
      thisHost: await thisHost(site, options),
    })
    this.print(renderExamination(examination))
    if (examination.problems > 0) this.exitWith(exitCodes.found)
    setTimeout(() => process.exit(), HANGING_MS).unref()
    return examination
  }
}
