import type { JournalView } from '../../../worker/read-journal.js'
import { BaseCommand } from '../../base-command.js'
import { renderJournal } from '../../output/journal.js'
import { localTimezone } from '../../output/times.js'
import { siteOf } from '../../site.js'

export default class JournalShow extends BaseCommand {
  static override summary = 'Show what was stopped on this machine and is owed a start.'
  static override description =
    'Reads the journal in the state folder: no Temporal, no worker and no plan is needed. `holdfast journal` alone does the same.'
  static override aliases = ['journal']
  static override examples = ['<%= config.bin %> journal', '<%= config.bin %> journal show --json']

  async run(): Promise<JournalView> {
    const { flags } = await this.parse(JournalShow)
    const site = await siteOf(flags.config)
    const { viewJournal } = await import('../../../worker/read-journal.js')
    const view = await viewJournal(site.stateDir)
    this.print(renderJournal(view, this.clock(), localTimezone()))
    return view
  }
}
