import type { RestoreResult } from '../../../core/work/restore.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { restoreArgument, restoreNamed } from '../../find-restore.js'
import { exitCodeOfRestore } from '../../outcome.js'
import { renderUndoPreview } from '../../output/restores.js'
import { renderRestoreResult } from '../../output/runs.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

export default class RestoreUndo extends BaseCommand {
  static override summary = 'Bring back the data from before a restore, and start its services.'
  static override description = `Of a restore that is complete as well as of one that was interrupted. What was restored is removed, with everything that was written to it since: it is shown first, and asked for. May be interrupted and run again.`
  static override examples = [
    '<%= config.bin %> restore undo 20261120-013000-shop-7f3a2c/1',
    '<%= config.bin %> restore undo 20261120-013000-shop-7f3a2c/1 --yes',
  ]
  static override args = { id: restoreArgument }
  static override flags = { yes: yesFlag }

  async run(): Promise<RestoreResult> {
    const { args, flags } = await this.parse(RestoreUndo)
    const site = await siteOf(flags.config)
    const { previewUndo, startRestoreEnd } = await import('../../../operations/restore-ends.js')
    return connected(site, async (session) => {
      const restore = await restoreNamed(session, args.id)
      const effects = await previewUndo(session, restore)
      // Before the question, where the one who answers sees it.
      this.terminal.write(`${renderUndoPreview(restore, effects)}\n\n`)
      await this.confirm(`Undo restore ${restore.restoreId}?`, flags.yes)
      const run = await startRestoreEnd(session, restore, 'undo')
      const progress = progressKind(this.terminal, flags.quiet)
      const result = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderRestoreResult(result))
      this.exitWith(exitCodeOfRestore(result))
      return result
    })
  }
}
