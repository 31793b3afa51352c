import { Args, Flags } from '@oclif/core'
import type { RotationReport } from '../../../core/rotation-steps.js'
import type { PreparedRotation } from '../../../operations/rotation.js'
import type { RunReference } from '../../../operations/runs.js'
import { counted } from '../../../core/units.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { exitCodeOfRotation } from '../../outcome.js'
import { renderRotation, renderRotationPlan } from '../../output/rotation.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

export default class KeyRotate extends BaseCommand {
  static override summary = 'Let a new key open all backups that an old one opens, and the old one none.'
  static override description = `For every backup of this site at every destination: its data key is wrapped by NEW, which is read back and opened, and only then the wrap by OLD is removed. Nothing else of a backup is read or changed. It waits for runs that still encrypt for OLD, and ends with a list of all destinations that has nothing left to do. Whatever dies meanwhile, every backup can be opened at every moment; a rotation that was cut off is simply started again.

First put NEW in the place of OLD in the plans, and run \`holdfast plan apply\`. A key that others may have seen is not mended by this: that needs new backups.

Exit code 9: backups of this site still need OLD, or a destination could not be looked at; all of it is named.`
  static override examples = [
    '<%= config.bin %> key rotate main main-2027 --dry-run',
    '<%= config.bin %> key rotate main main-2027',
  ]
  static override args = {
    old: Args.string({
      description: 'Name of the key that goes, under `keys:` of holdfast.yaml.',
      required: true,
    }),
    new: Args.string({ description: 'Name of the key that comes.', required: true }),
  }
  static override flags = {
    'dry-run': Flags.boolean({ description: 'Only show what would be wrapped anew.' }),
    'no-wait': Flags.boolean({ description: 'Return as soon as the run was started.' }),
    yes: yesFlag,
  }

  async run(): Promise<RotationReport | PreparedRotation | RunReference> {
    const { args, flags } = await this.parse(KeyRotate)
    const site = await siteOf(flags.config)
    const { prepareRotation, startRotation } = await import('../../../operations/rotation.js')
    return connected(site, async (session) => {
      const prepared = await prepareRotation(session, { from: args.old, to: args.new })
      for (const problem of prepared.problems) this.warnOf(problem)
      if (!flags.quiet || flags['dry-run']) this.print(renderRotationPlan(prepared))
      if (flags['dry-run']) {
        if (prepared.problems.length > 0) this.exitWith(exitCodes.notGood)
        return prepared
      }
      const backups = prepared.plan.steps.reduce((sum, step) => sum + step.backups, 0)
      // Also with nothing to do: runs with the old key may go on, and only a list after them proves anything.
      if (backups > 0)
        await this.confirm(
          `Let "${args.new}" open ${counted(backups, 'backup')} instead of "${args.old}"?`,
          flags.yes,
        )
      const run = await startRotation(session, prepared)
      const { workflowId, runId } = run
      if (flags['no-wait']) {
        this.print(`Started ${workflowId}. Watch it with \`holdfast run watch ${workflowId}\`.`)
        return { workflowId, runId }
      }
      const progress = progressKind(this.terminal, flags.quiet)
      const report = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderRotation(report))
      this.exitWith(exitCodeOfRotation(report))
      return report
    })
  }
}
