import { HoldfastError } from '../../../core/errors.js'
import type { RehearsalReport } from '../../../core/rehearsal.js'
import type { RotationReport } from '../../../core/rotation-steps.js'
import type { PlanVerification } from '../../../core/verification.js'
import type { VerifyReport } from '../../../core/work/catalog.js'
import type { RestoreResult } from '../../../core/work/restore.js'
import type { BackupRunResult, ReplicateRunResult } from '../../../core/work/runs.js'
import type { RunSummary } from '../../../operations/runs.js'
import type { RunKind } from '../../../operations/search-attributes.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import {
  exitCodeOfBackup,
  exitCodeOfPlanVerification,
  exitCodeOfRehearsal,
  exitCodeOfReplication,
  exitCodeOfRestore,
  exitCodeOfRotation,
  exitCodeOfVerification,
} from '../../outcome.js'
import { renderReplication } from '../../output/copies.js'
import { renderRotation } from '../../output/rotation.js'
import { renderBackupResult, renderRestoreResult } from '../../output/runs.js'
import { renderPlanVerification, renderRehearsal, renderVerification } from '../../output/verification.js'
import { runArgument } from '../../run-argument.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

export default class RunWatch extends BaseCommand {
  static override summary =
    'Watch a run until it ends; its result and exit code are those of the command that started it.'
  static override examples = ['<%= config.bin %> run watch backup/shop/20261120-013000-shop-7f3a2c']
  static override args = { id: runArgument }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RunWatch)
    const site = await siteOf(flags.config)
    const { findRun } = await import('../../../operations/runs.js')
    return connected(site, async (session) => {
      const run = await findRun(session.client, args.id)
      if (run.status === 'terminated' || run.status === 'timed-out') throw terminated(run)
      const progress =
        WITH_PROGRESS.has(run.kind) && run.status === 'running'
          ? progressKind(this.terminal, flags.quiet)
          : 'none'
      const watching = { session, terminal: this.terminal, clock: this.clock, progress }
      const result = await watchRun<unknown>(watching, run)
      const { text, exitCode } = resultText(run.kind, result)
      this.print(text)
      this.exitWith(exitCode)
      return result
    })
  }
}

const WITH_PROGRESS: ReadonlySet<RunKind> = new Set(['backup', 'restore', 'replicate', 'rotate'])

function resultText(
  kind: RunKind,
  result: unknown,
): { text: string; exitCode: ReturnType<typeof exitCodeOfBackup> } {
  switch (kind) {
    case 'backup': {
      const backup = result as BackupRunResult
      return { text: renderBackupResult(backup), exitCode: exitCodeOfBackup(backup) }
    }
    case 'restore': {
      const restore = result as RestoreResult
      return { text: renderRestoreResult(restore), exitCode: exitCodeOfRestore(restore) }
    }
    case 'verify': {
      const report = result as VerifyReport | PlanVerification | RehearsalReport
      if ('items' in report) return { text: renderRehearsal(report), exitCode: exitCodeOfRehearsal(report) }
      if ('backups' in report)
        return { text: renderPlanVerification(report), exitCode: exitCodeOfPlanVerification(report) }
      return { text: renderVerification(report), exitCode: exitCodeOfVerification(report) }
    }
    case 'replicate': {
      const made = result as ReplicateRunResult
      return { text: renderReplication(made), exitCode: exitCodeOfReplication(made) }
    }
    case 'rotate': {
      const report = result as RotationReport
      return { text: renderRotation(report), exitCode: exitCodeOfRotation(report) }
    }
    case 'retention':
      return { text: 'Done.', exitCode: exitCodes.ok }
  }
}

const terminated = ({ workflowId, kind }: RunSummary): HoldfastError =>
  new HoldfastError('run.failed', `${workflowId} was terminated from outside.`, {
    hint:
      kind === 'restore'
        ? '`holdfast restore list` shows how far it came: resume or undo it.'
        : 'Its services are started again by their guard. Start it again if you want it.',
  })
