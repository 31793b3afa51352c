import { Args, Flags } from '@oclif/core'
import type { ReplicateRunResult } from '../../../core/work/runs.js'
import type { CopyChoice } from '../../../operations/copies.js'
import type { Session } from '../../../operations/session.js'
import type { CompiledPlan } from '../../../plan/compile.js'
import { BaseCommand } from '../../base-command.js'
import { backupNamed } from '../../find-backup.js'
import { exitCodeOfReplication } from '../../outcome.js'
import { renderReplication } from '../../output/copies.js'
import { planFrom, planOrNone } from '../../plan-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

interface StartedReplication {
  readonly workflowId: string
  readonly runId: string
}

export default class BackupReplicate extends BaseCommand {
  static override summary = 'Make the copies that are missing, of one backup or of all of a plan.'
  static override description = `Every run copies its backup from the first destination of its plan to the others, and some of the earlier ones that are missing there. This makes all of them now: newest first, without those that retention at the other destination would remove at once. What is there is not sent again.

Exit code 9: a copy is still missing.`
  static override examples = [
    '<%= config.bin %> backup replicate shop',
    '<%= config.bin %> backup replicate 20261120-013000-shop-7f3a2c --destination offsite',
    '<%= config.bin %> backup replicate shop --from offsite --destination disk',
  ]
  static override args = {
    backup: Args.string({
      description: 'Name of a plan, or the id of a backup; a beginning that only it has will do.',
      required: true,
    }),
  }
  static override flags = {
    destination: Flags.string({
      description: 'Copy to this destination only. Default: to all of the plan.',
      helpValue: 'NAME',
    }),
    from: Flags.string({
      description:
        'Copy from this destination. Default: the first of the plan; of a single backup, where a good copy is.',
      helpValue: 'NAME',
    }),
    'no-wait': Flags.boolean({ description: 'Return as soon as the run was started.' }),
  }

  async run(): Promise<ReplicateRunResult | StartedReplication> {
    const { args, flags } = await this.parse(BackupReplicate)
    const site = await siteOf(flags.config)
    const { startReplication } = await import('../../../operations/copies.js')
    return connected(site, async (session) => {
      const { plan, ...found } = await meant(session, args.backup, flags.from)
      const run = await startReplication(session, plan, { ...found, to: flags.destination })
      const { workflowId, runId } = run
      if (flags['no-wait']) {
        this.print(`Started ${workflowId}. Watch it with \`holdfast run watch ${workflowId}\`.`)
        return { workflowId, runId }
      }
      const progress = progressKind(this.terminal, flags.quiet)
      const result = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderReplication(result))
      this.exitWith(exitCodeOfReplication(result))
      return result
    })
  }
}

type Meant = Pick<CopyChoice, 'backupId' | 'from'> & { readonly plan: CompiledPlan }

/** A plan of this name, or else a backup, which is copied from where it is good. */
async function meant(session: Session, named: string, from: string | undefined): Promise<Meant> {
  const { site } = session
  const plan = await planOrNone(site, named)
  if (plan !== undefined) return { plan, from }
  const { manifest, destination } = await backupNamed(session, named, from)
  return { plan: await planFrom(site, manifest.plan), backupId: manifest.id, from: destination }
}
