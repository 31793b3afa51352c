import { Flags } from '@oclif/core'
import type { RetentionDecision } from '../../../core/retention.js'
import { counted } from '../../../core/units.js'
import type { ExpireResult, RetentionReport } from '../../../core/work/catalog.js'
import type { RetentionRunResult } from '../../../core/work/runs.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { renderExpired, renderRetention } from '../../output/backups.js'
import { localTimezone } from '../../output/times.js'
import { planArgument, planFrom } from '../../plan-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { watchRun } from '../../watch.js'

export default class BackupCleanup extends BaseCommand {
  static override summary =
    'Apply the retention of a plan now; --dry-run shows each backup with why it is kept.'
  static override description =
    'Every good run does this by itself, at each destination by its own rules. Shows what goes, and asks; the worker decides anew when it begins. What goes is hidden, and removed after its quarantine.'
  static override examples = [
    '<%= config.bin %> backup cleanup shop --dry-run',
    '<%= config.bin %> backup cleanup shop --yes',
  ]
  static override args = { plan: planArgument }
  static override flags = {
    'dry-run': Flags.boolean({ description: 'Only show what would go, and why the rest is kept.' }),
    yes: yesFlag,
  }

  async run(): Promise<readonly (RetentionReport & { readonly expired?: ExpireResult })[]> {
    const { args, flags } = await this.parse(BackupCleanup)
    const site = await siteOf(flags.config)
    const plan = await planFrom(site, args.plan)
    const { previewCleanup, startCleanup } = await import('../../../operations/maintenance.js')
    return connected(site, async (session) => {
      const preview = await previewCleanup(session, plan)
      for (const problem of preview.problems) this.warnOf(problem)
      for (const { destination, decisions } of preview.reports)
        this.print(`At ${destination}:\n${renderRetention(decisions, localTimezone())}\n`)
      const going = preview.reports.flatMap(({ decisions }) => decisions.filter(goes))
      if (flags['dry-run']) return preview.reports
      // Also with nothing to go: what was deleted long enough ago is removed with it, and what killed runs left.
      if (going.length > 0) {
        await this.confirm(`Delete ${counted(going.length, 'backup')} of "${plan.name}"?`, flags.yes)
      }
      const run = await startCleanup(session, plan)
      const watching = { session, terminal: this.terminal, clock: this.clock, progress: 'none' as const }
      const { retained, failed } = await watchRun<RetentionRunResult>(watching, run)
      for (const { report, expired } of retained)
        this.print(`At ${report.destination}: ${renderExpired(expired)}`)
      for (const { destination, problem } of failed)
        this.warnOf(`Nothing was done at "${destination}": ${problem}`)
      if (failed.length > 0) this.exitWith(exitCodes.notGood)
      return retained.map(({ report, expired }) => ({ ...report, expired }))
    })
  }
}

const goes = ({ keptBecause }: RetentionDecision): boolean => keptBecause.length === 0
