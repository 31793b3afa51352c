import { Args, Flags } from '@oclif/core'
import { HoldfastError } from '../../../core/errors.js'
import type { BackupRunResult } from '../../../core/work/runs.js'
import type { CompiledPlan } from '../../../plan/compile.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodeOfBackup } from '../../outcome.js'
import { renderBackupResult } from '../../output/runs.js'
import { planFrom } from '../../plan-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

interface StartedBackup {
  readonly backupId: string
  readonly workflowId: string
  readonly runId: string
}

export default class BackupCreate extends BaseCommand {
  static override summary = 'Run a plan now, and show how it goes.'
  static override description = `The run is durable: it goes on when this command ends. Ctrl-C asks whether to leave it running or to cancel it; without a terminal it is left running.

Exit code 9: there is a backup, but it is not good, a copy of it is missing, or a service is not well.`
  static override examples = [
    '<%= config.bin %> backup create shop',
    '<%= config.bin %> backup create shop --description "before 2.0"',
    '<%= config.bin %> backup create ./one-off.yaml --no-wait --json',
  ]
  static override args = {
    plan: Args.string({
      description: 'Name of a plan, or a plan file (with a slash or a dot in it).',
      required: true,
    }),
  }
  static override flags = {
    description: Flags.string({ description: 'What the backup is for: kept with it.', helpValue: 'TEXT' }),
    source: Flags.string({
      description: 'Only this source; may be repeated. Such a backup never counts as good.',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
    }),
    'no-wait': Flags.boolean({ description: 'Return as soon as the run was started.' }),
  }

  async run(): Promise<BackupRunResult | StartedBackup> {
    const { args, flags } = await this.parse(BackupCreate)
    const site = await siteOf(flags.config)
    const plan = await planFrom(site, args.plan)
    const onlySources = await sourcesOf(plan, flags.source)
    const [{ startBackup }, { backupIdOf }] = await Promise.all([
      import('../../../operations/runs.js'),
      import('../../../core/ids.js'),
    ])
    return connected(site, async (session) => {
      const backupId = backupIdOf(this.clock(), plan.name, session.world.random(6))
      const run = await startBackup(session.client, {
        job: plan.job,
        backupId,
        startedBy: 'person',
        ...(flags.description === undefined ? {} : { description: flags.description }),
        ...(onlySources === undefined ? {} : { onlySources }),
      })
      if (flags['no-wait']) {
        this.print(`Started ${run.workflowId}. Watch it with \`holdfast run watch ${run.workflowId}\`.`)
        return { backupId, workflowId: run.workflowId, runId: run.runId }
      }
      const progress = progressKind(this.terminal, flags.quiet)
      const result = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderBackupResult(result))
      this.exitWith(exitCodeOfBackup(result))
      return result
    })
  }
}

/** Checked here, where a typo can still be explained. */
async function sourcesOf(
  plan: CompiledPlan,
  asked: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  if (asked === undefined || asked.length === 0) return undefined
  const { didYouMean } = await import('../../../core/suggest.js')
  const known = plan.job.sets.flatMap(({ sources }) => sources.map(({ name }) => name))
  const unknown = asked.find((name) => !known.includes(name))
  if (unknown === undefined) return [...new Set(asked)]
  throw new HoldfastError('flag.invalid', `Plan "${plan.name}" has no source "${unknown}".`, {
    hint: didYouMean(unknown, known) ?? `It has ${known.join(', ')}.`,
  })
}
