import type { MarkedBackup } from '../../../operations/mark-copies.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { backupArgument, destinationFlag } from '../../find-backup.js'
import { becauseFlag, markNamed } from '../../mark-backup.js'
import { siteOf } from '../../site.js'

export default class BackupUndelete extends BaseCommand {
  static override summary = 'Bring a deleted backup back, and pin it.'
  static override description =
    'Until its quarantine is over: see `backup list --deleted`. It is pinned, so that retention does not delete it again; `backup unpin` ends that.'
  static override examples = ['<%= config.bin %> backup undelete 20261120-013000-shop-7f3a2c']
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag, because: becauseFlag }

  async run(): Promise<MarkedBackup> {
    const { args, flags } = await this.parse(BackupUndelete)
    const marked = await markNamed(await siteOf(flags.config), {
      ...flags,
      id: args.id,
      change: 'undelete',
      warn: (problem) => this.warnOf(problem),
    })
    if (marked.failed.length > 0) this.exitWith(exitCodes.notGood)
    this.print(`${marked.backupId} ${marked.isChanged ? 'is back, and pinned.' : 'is not deleted.'}`)
    return marked
  }
}
