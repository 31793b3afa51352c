import type { MarkedBackup } from '../../../operations/mark-copies.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { backupArgument, destinationFlag } from '../../find-backup.js'
import { becauseFlag, markNamed } from '../../mark-backup.js'
import { siteOf } from '../../site.js'

export default class BackupAccept extends BaseCommand {
  static override summary =
    'Say that a suspect backup is right: it counts as good, and later ones are compared with it.'
  static override description =
    'A backup is suspect when it is much smaller than the ones before. See `plausibility` of the plan.'
  static override examples = [
    '<%= config.bin %> backup accept 20261120-013000-shop-7f3a2c --because "the old orders were archived"',
  ]
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag, because: becauseFlag }

  async run(): Promise<MarkedBackup> {
    const { args, flags } = await this.parse(BackupAccept)
    const marked = await markNamed(await siteOf(flags.config), {
      ...flags,
      id: args.id,
      change: 'accept',
      warn: (problem) => this.warnOf(problem),
    })
    if (marked.failed.length > 0) this.exitWith(exitCodes.notGood)
    this.print(
      `${marked.backupId} ${marked.isChanged ? 'is accepted.' : 'needs no acceptance: it is not suspect, or was accepted already.'}`,
    )
    return marked
  }
}
