import type { VerifyReport } from '../../../core/work.js'
import { BaseCommand } from '../../base-command.js'
import { backupArgument, backupNamed, destinationFlag } from '../../find-backup.js'
import { exitCodeOfVerification } from '../../outcome.js'
import { renderVerification } from '../../output/runs.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { watchRun } from '../../watch.js'

export default class BackupVerify extends BaseCommand {
  static override summary = 'Read every byte of a backup and compare it with what was recorded.'
  static override description = 'Exit code 8: something differs; all of it is named.'
  static override examples = ['<%= config.bin %> backup verify 20261120-013000-shop-7f3a2c']
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag }

  async run(): Promise<VerifyReport> {
    const { args, flags } = await this.parse(BackupVerify)
    const site = await siteOf(flags.config)
    const { startVerification } = await import('../../../operations/maintenance.js')
    return connected(site, async (session) => {
      const backup = await backupNamed(session, args.id, flags.destination)
      for (const problem of backup.problems ?? []) this.warnOf(problem)
      const run = await startVerification(session, backup)
      if (!flags.quiet) this.terminal.write(`Reading ${backup.manifest.id} at ${backup.destination}.\n`)
      const watching = { session, terminal: this.terminal, clock: this.clock, progress: 'none' as const }
      const report = await watchRun(watching, run)
      this.print(renderVerification(report))
      this.exitWith(exitCodeOfVerification(report))
      return report
    })
  }
}
