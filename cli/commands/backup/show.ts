import type { LocatedBackup } from '../../../core/work/catalog.js'
import { BaseCommand } from '../../base-command.js'
import { backupArgument, backupNamed, destinationFlag } from '../../find-backup.js'
import { renderBackup } from '../../output/backups.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class BackupShow extends BaseCommand {
  static override summary =
    'Show one backup: its verdict, its sources, its marks, what was not captured; with --json its manifest.'
  static override examples = [
    '<%= config.bin %> backup show 20261120-013000-shop-7f3a2c',
    '<%= config.bin %> backup show 20261120-0130 --json',
  ]
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag }

  async run(): Promise<LocatedBackup> {
    const { args, flags } = await this.parse(BackupShow)
    const site = await siteOf(flags.config)
    const { reachedFrom: _reachedFrom, ...backup } = await connected(site, (session) =>
      backupNamed(session, args.id, flags.destination, 'all'),
    )
    for (const problem of backup.problems ?? []) this.warnOf(problem)
    this.print(renderBackup(backup, localTimezone()))
    return backup
  }
}
