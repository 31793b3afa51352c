import type { MarkedBackup } from '../../../operations/mark-copies.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { backupArgument, destinationFlag } from '../../find-backup.js'
import { becauseFlag, markNamed } from '../../mark-backup.js'
import { siteOf } from '../../site.js'

export default class BackupUnpin extends BaseCommand {
  static override summary = 'Let the retention of its plan decide about a pinned backup again.'
  static override examples = ['<%= config.bin %> backup unpin 20261120-013000-shop-7f3a2c']
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag, because: becauseFlag }

  async run(): Promise<MarkedBackup> {
    const { args, flags } = await this.parse(BackupUnpin)
    const marked = await markNamed(await siteOf(flags.config), {
      ...flags,
      id: args.id,
      change: 'unpin',
      warn: (problem) => this.warnOf(problem),
    })
    if (marked.failed.length > 0) this.exitWith(exitCodes.notGood)
    this.print(`${marked.backupId} ${marked.isChanged ? 'is not pinned any more.' : 'was not pinned.'}`)
    return marked
  }
}
