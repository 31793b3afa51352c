import { Flags } from '@oclif/core'
import { formatBytes } from '../../../core/units.js'
import type { ExpireResult } from '../../../core/work/catalog.js'
import type { RetentionRunResult } from '../../../core/work/runs.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { backupArgument, backupNamed, destinationFlag } from '../../find-backup.js'
import { exitCodes } from '../../exit-code.js'
import { renderExpired, stateOf } from '../../output/backups.js'
import { placesText } from '../../output/copies.js'
import { formatInstant, localTimezone } from '../../output/times.js'
import { judged, summaryOf, withMarks } from '../../../core/backup.js'
import type { FoundCopy } from '../../../operations/backups.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { watchRun } from '../../watch.js'

export default class BackupDelete extends BaseCommand {
  static override summary = 'Delete a backup, whatever the retention of its plan says.'
  static override description =
    'With all its copies, or the one at --destination alone, which the next run makes again where the rules there keep it. It is hidden, and removed by the first run after its quarantine (`retention.quarantine` of the plan, default 3d); until then `backup undelete` brings it back. Pinned backups are refused.'
  static override examples = [
    '<%= config.bin %> backup delete 20261120-013000-shop-7f3a2c',
    '<%= config.bin %> backup delete 20261120-013000-shop-7f3a2c --now --yes',
  ]
  static override args = { id: backupArgument }
  static override flags = {
    destination: destinationFlag,
    now: Flags.boolean({
      description: 'Remove it for good at once, also when it is deleted already: for a disk that is full.',
    }),
    yes: yesFlag,
  }

  async run(): Promise<readonly (ExpireResult & { readonly destination: string })[]> {
    const { args, flags } = await this.parse(BackupDelete)
    const site = await siteOf(flags.config)
    const { startDeletion } = await import('../../../operations/maintenance.js')
    return connected(site, async (session) => {
      const backup = await backupNamed(session, args.id, flags.destination, flags.now ? 'all' : 'listed')
      const isReached = ({ reachedFrom }: FoundCopy) => reachedFrom === backup.reachedFrom
      const copies = backup.copies.filter(isReached)
      const others = backup.copies.filter((copy) => !isReached(copy))
      const marked = withMarks(summaryOf(backup.manifest, backup.destination), backup.marks)
      const summary = judged(marked, backup.authenticity)
      const taken = formatInstant(summary.takenAt, localTimezone())
      await this.confirm(
        `Delete ${summary.id} at ${placesText(copies)} (taken ${taken}, ${formatBytes(summary.storedBytes)}, ${stateOf(summary)})?${flags.now ? ' It cannot be brought back.' : ''}`,
        flags.yes,
      )
      const run = await startDeletion(session, backup, flags.now ? 'now' : 'after-quarantine')
      const watching = { session, terminal: this.terminal, clock: this.clock, progress: 'none' as const }
      const { retained, failed } = await watchRun<RetentionRunResult>(watching, run)
      for (const { report, expired } of retained)
        this.print(`At ${report.destination}: ${renderExpired(expired)}`)
      const kept = [...others.map(notReached), ...failed.map(notDeleted)]
      for (const problem of [...(backup.problems ?? []), ...kept]) this.warnOf(problem)
      if (kept.length > 0) this.exitWith(exitCodes.notGood)
      return retained.map(({ report: { destination }, expired }) => ({ destination, ...expired }))
    })
  }
}

const notReached = ({ destination, reachedFrom }: FoundCopy): string =>
  `The copy at "${destination}" stays: only host "${reachedFrom}" reaches it. Delete it with --destination ${destination}.`

const notDeleted = ({ destination, problem }: RetentionRunResult['failed'][number]): string =>
  `The copy at "${destination}" stays: ${problem}`
