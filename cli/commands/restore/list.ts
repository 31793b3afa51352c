import type { RestoreView } from '../../../operations/restore-ends.js'
import { BaseCommand } from '../../base-command.js'
import { renderRestores } from '../../output/restores.js'
import { printable } from '../../output/text.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class RestoreList extends BaseCommand {
  static override summary = 'List restores, newest first: how far each came, and what is down for it.'
  static override description =
    'From the hosts themselves, not from Temporal. What cannot be read is named on stderr and hides nothing else.'
  static override examples = ['<%= config.bin %> restore list', '<%= config.bin %> restore list --json']

  async run(): Promise<readonly RestoreView[]> {
    const { flags } = await this.parse(RestoreList)
    const site = await siteOf(flags.config)
    const [{ listRestores }, { knownHosts }] = await Promise.all([
      import('../../../operations/restore-ends.js'),
      import('../../../operations/plans.js'),
    ])
    const hosts = await knownHosts(site)
    const { restores, problems } = await connected(site, (session) => listRestores(session, hosts))
    for (const problem of problems) this.terminal.write(`warning: ${printable(problem)}\n`)
    this.print(renderRestores(restores, localTimezone()))
    return restores
  }
}
