import { Flags } from '@oclif/core'
import type { MarkChange } from '../core/work/catalog.js'
import type { MarkedBackup } from '../operations/mark-copies.js'
import { BaseCommand } from './base-command.js'
import { exitCodes } from './exit-code.js'
import { backupArgument, backupNamed, destinationFlag } from './find-backup.js'
import { unmarkedText } from './output/copies.js'
import { connected } from './session.js'
import { siteOf } from './site.js'

/** Adds a mark to all copies of a backup, deleted or not. Those that were not reached are warnings, and exit code 9. */
export abstract class MarkCommand extends BaseCommand {
  static override args = { id: backupArgument }
  static override flags = {
    destination: destinationFlag,
    because: Flags.string({ description: 'Why: kept with the mark.', helpValue: 'TEXT' }),
  }

  protected abstract readonly change: MarkChange
  /** What is said after the id of the backup: when the mark made a difference, and when it had it already. */
  protected abstract readonly said: { readonly changed: string; readonly unchanged: string }

  async run(): Promise<MarkedBackup> {
    const { args, flags } = await this.parse(MarkCommand)
    const { markCopies } = await import('../operations/mark-copies.js')
    const marked = await connected(await siteOf(flags.config), async (session) => {
      const backup = await backupNamed(session, args.id, flags.destination, 'all')
      const found = await markCopies(session, backup, { change: this.change, because: flags.because })
      for (const problem of [...(backup.problems ?? []), ...unmarkedText(found)]) this.warnOf(problem)
      return found
    })
    if (marked.failed.length > 0) this.exitWith(exitCodes.notGood)
    this.print(`${marked.backupId} ${marked.isChanged ? this.said.changed : this.said.unchanged}`)
    return marked
  }
}
