import { formatBytes } from '../../../core/units.js'
import type { ExpireResult } from '../../../core/work.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { backupArgument, backupNamed, destinationFlag } from '../../find-backup.js'
import { stateOf } from '../../output/backups.js'
import { formatInstant, localTimezone } from '../../output/times.js'
import { judged, summaryOf } from '../../../core/backup.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { watchRun } from '../../watch.js'

export default class BackupDelete extends BaseCommand {
  static override summary = 'Remove a backup for good, whatever the retention of its plan says.'
  static override examples = [
    '<%= config.bin %> backup delete 20261120-013000-shop-7f3a2c',
    '<%= config.bin %> backup delete 20261120-013000-shop-7f3a2c --yes',
  ]
  static override args = { id: backupArgument }
  static override flags = { destination: destinationFlag, yes: yesFlag }

  async run(): Promise<ExpireResult> {
    const { args, flags } = await this.parse(BackupDelete)
    const site = await siteOf(flags.config)
    const { startDeletion } = await import('../../../operations/maintenance.js')
    return connected(site, async (session) => {
      const backup = await backupNamed(session, args.id, flags.destination)
      const summary = judged(summaryOf(backup.manifest, backup.destination), backup.authenticity)
      const taken = formatInstant(summary.takenAt, localTimezone())
      await this.confirm(
        `Delete ${summary.id} at ${summary.destination} (taken ${taken}, ${formatBytes(summary.storedBytes)}, ${stateOf(summary)})? It cannot be brought back.`,
        flags.yes,
      )
      const run = await startDeletion(session, backup)
      const watching = { session, terminal: this.terminal, clock: this.clock, progress: 'none' as const }
      const { expired } = await watchRun(watching, run)
      this.print(`Removed ${expired.removed.join(', ')}: ${formatBytes(expired.freedBytes)} are free again.`)
      return expired
    })
  }
}
