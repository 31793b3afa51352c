import type { RestoreResult } from '../../../core/work/restore.js'
import { BaseCommand } from '../../base-command.js'
import { restoreArgument, restoreNamed } from '../../find-restore.js'
import { exitCodeOfRestore } from '../../outcome.js'
import { renderRestoreResult } from '../../output/runs.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

export default class RestoreResume extends BaseCommand {
  static override summary = 'Finish a restore that was interrupted, and start its services.'
  static override description =
    'What was laid beside its place is used as it is; the rest is read from the backup. May be interrupted and run again.'
  static override examples = ['<%= config.bin %> restore resume 20261120-013000-shop-7f3a2c/1']
  static override args = { id: restoreArgument }

  async run(): Promise<RestoreResult> {
    const { args, flags } = await this.parse(RestoreResume)
    const site = await siteOf(flags.config)
    const { startRestoreEnd } = await import('../../../operations/restore-ends.js')
    return connected(site, async (session) => {
      const run = await startRestoreEnd(session, await restoreNamed(session, args.id), 'resume')
      const progress = progressKind(this.terminal, flags.quiet)
      const result = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderRestoreResult(result))
      this.exitWith(exitCodeOfRestore(result))
      return result
    })
  }
}
