import { Args, Flags } from '@oclif/core'
import { HoldfastError } from '../../../core/errors.js'
import type { RehearsalReport } from '../../../core/rehearsal.js'
import {
  ALL,
  parseSample,
  sampleInWords,
  type PlanVerification,
  type Sample,
} from '../../../core/verification.js'
import type { VerifyReport } from '../../../core/work/catalog.js'
import type { FoundBackup } from '../../../operations/backups.js'
import type { StartedRun } from '../../../operations/runs.js'
import type { Session } from '../../../operations/session.js'
import type { CompiledPlan } from '../../../plan/compile.js'
import { SAMPLE_PATTERN } from '../../../schemas/patterns.js'
import { BaseCommand } from '../../base-command.js'
import { backupNamed, destinationFlag } from '../../find-backup.js'
import { exitCodeOfPlanVerification, exitCodeOfRehearsal, exitCodeOfVerification } from '../../outcome.js'
import { renderPlanVerification, renderRehearsal, renderVerification } from '../../output/verification.js'
import { planFrom, planOrNone } from '../../plan-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { watchRun } from '../../watch.js'

export default class BackupVerify extends BaseCommand {
  static override summary = 'Read every byte of backups and compare it with what was recorded.'
  static override description =
    'Of one backup, or of those of a plan: all, or a sample, those first that nobody has read for longest. Exit code 8: something differs, and all of it is named; 9: not all could be read.'
  static override examples = [
    '<%= config.bin %> backup verify 20261120-013000-shop-7f3a2c',
    '<%= config.bin %> backup verify shop --sample 10%',
    '<%= config.bin %> backup verify 20261120-013000-shop-7f3a2c --restore',
    '<%= config.bin %> backup verify --plan shop --sample 3 --json',
  ]
  static override args = {
    backup: Args.string({
      description: 'Id of the backup (a beginning that only it has will do), or name of a plan.',
    }),
  }
  static override flags = {
    destination: destinationFlag,
    plan: Flags.string({ description: 'Backups of this plan.', helpValue: 'NAME' }),
    sample: Flags.string({
      description: 'How many backups at each destination, as a share or a number. Default: all.',
      helpValue: '10%|N',
    }),
    restore: Flags.boolean({
      description:
        'Restore the backup into places of its own, compare what came with what was captured, and remove it again. Stops no service, touches nothing that is in use.',
    }),
  }

  async run(): Promise<VerifyReport | PlanVerification | RehearsalReport> {
    const { args, flags } = await this.parse(BackupVerify)
    const site = await siteOf(flags.config)
    const named = flags.plan ?? args.backup
    if (named === undefined || (flags.plan !== undefined && args.backup !== undefined))
      throw invalid('Name one backup or one plan.', 'For example: holdfast backup verify shop --sample 10%')
    const plan = flags.plan === undefined ? await planOrNone(site, named) : await planFrom(site, flags.plan)
    const sample = sampleOf(flags.sample)
    if (plan === undefined && sample !== undefined)
      throw invalid(`--sample is about a plan, and "${named}" is none.`, 'A backup is always read whole.')
    if (plan !== undefined && flags.restore)
      throw invalid('--restore is about one backup.', 'Take its id from `holdfast backup list`.')
    return connected(site, async (session) =>
      plan === undefined
        ? flags.restore
          ? this.#rehearse(session, named, flags.destination)
          : this.#verifyBackup(session, named, flags.destination)
        : this.#verifyPlan(session, narrowed(plan, flags.destination), sample ?? ALL),
    )
  }

  async #verifyBackup(session: Session, id: string, destination: string | undefined): Promise<VerifyReport> {
    const { startVerification } = await import('../../../operations/maintenance.js')
    const backup = await this.#backup(session, id, destination)
    const run = await startVerification(session, backup)
    const report = await this.#watch(session, run, `${backup.manifest.id} at ${backup.destination}`)
    this.print(renderVerification(report))
    this.exitWith(exitCodeOfVerification(report))
    return report
  }

  async #rehearse(session: Session, id: string, destination: string | undefined): Promise<RehearsalReport> {
    const { startRehearsal } = await import('../../../operations/maintenance.js')
    const backup = await this.#backup(session, id, destination)
    const run = await startRehearsal(session, backup)
    const report = await this.#watch(session, run, `${backup.manifest.id} into places of its own`)
    this.print(renderRehearsal(report))
    this.exitWith(exitCodeOfRehearsal(report))
    return report
  }

  async #verifyPlan(session: Session, plan: CompiledPlan, sample: Sample): Promise<PlanVerification> {
    const { startPlanVerification } = await import('../../../operations/maintenance.js')
    const run = await startPlanVerification(session, plan, sample)
    const places = plan.job.destinations.join(', ')
    const report = await this.#watch(session, run, `${sampleInWords(sample)} of ${plan.name} at ${places}`)
    this.print(renderPlanVerification(report))
    this.exitWith(exitCodeOfPlanVerification(report))
    return report
  }

  async #backup(session: Session, id: string, destination: string | undefined): Promise<FoundBackup> {
    const backup = await backupNamed(session, id, destination)
    for (const problem of backup.problems ?? []) this.warnOf(problem)
    return backup
  }

  async #watch<T>(session: Session, run: StartedRun<T>, what: string): Promise<T> {
    const { flags } = await this.parse(BackupVerify)
    if (!flags.quiet) this.terminal.write(`Reading ${what}.\n`)
    return watchRun({ session, terminal: this.terminal, clock: this.clock, progress: 'none' }, run)
  }
}

function sampleOf(text: string | undefined): Sample | undefined {
  if (text === undefined) return undefined
  if (new RegExp(SAMPLE_PATTERN).test(text)) return parseSample(text)
  throw invalid(`"${text}" is no sample.`, 'Give a share, such as 10%, or a number from 1 to 1000.')
}

function narrowed(plan: CompiledPlan, destination: string | undefined): CompiledPlan {
  if (destination === undefined) return plan
  if (!plan.job.destinations.includes(destination)) {
    throw invalid(
      `Plan "${plan.name}" has no destination "${destination}".`,
      `It has: ${plan.job.destinations.join(', ')}.`,
    )
  }
  return { ...plan, job: { ...plan.job, destinations: [destination] } }
}

const invalid = (message: string, hint: string) => new HoldfastError('flag.invalid', message, { hint })
