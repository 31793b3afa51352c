import type { RestoreDetailsView } from '../../../operations/restore-ends.js'
import { BaseCommand } from '../../base-command.js'
import { restoreArgument, restoreNamed } from '../../find-restore.js'
import { renderRestore } from '../../output/restore.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class RestoreShow extends BaseCommand {
  static override summary = 'Show one restore: how far it came, what lies where, and what to do next.'
  static override description = 'Looks at its host for the data from before the restore, and touches nothing.'
  static override examples = [
    '<%= config.bin %> restore show 20261120-013000-shop-7f3a2c/1',
    '<%= config.bin %> restore show 20261120-0130 --json',
  ]
  static override args = { id: restoreArgument }

  async run(): Promise<RestoreDetailsView> {
    const { args, flags } = await this.parse(RestoreShow)
    const site = await siteOf(flags.config)
    const { describeRestore } = await import('../../../operations/restore-ends.js')
    const details = await connected(site, async (session) =>
      describeRestore(session, await restoreNamed(session, args.id)),
    )
    this.print(renderRestore(details, localTimezone()))
    return details
  }
}
