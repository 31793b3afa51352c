import type { MarkedBackup } from '../../../operations/mark-copies.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { backupArgument, destinationFlag } from '../../find-backup.js'
import { becauseFlag, markNamed } from '../../mark-backup.js'
import { siteOf } from '../../site.js'

export default class BackupPin extends BaseCommand {
  static override summary = 'Keep a backup, whatever the retention of its plan says.'
  static override description =
    'Lasts until `backup unpin`. The reason is shown by `backup show` and `backup cleanup --dry-run`.'
  static override examples = [
    '<%= config.bin %> backup pin 20261120-013000-shop-7f3a2c --because "the audit of 2026"',
  ]
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag, because: becauseFlag }

  async run(): Promise<MarkedBackup> {
    const { args, flags } = await this.parse(BackupPin)
    const marked = await markNamed(await siteOf(flags.config), {
      ...flags,
      id: args.id,
      change: 'pin',
      warn: (problem) => this.warnOf(problem),
    })
    if (marked.failed.length > 0) this.exitWith(exitCodes.notGood)
    this.print(`${marked.backupId} ${marked.isChanged ? 'is pinned.' : 'was pinned already.'}`)
    return marked
  }
}
