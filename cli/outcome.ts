import { hasFailed, outcomeOfRehearsal, type RehearsalReport } from '../core/rehearsal.js'
import type { RotationReport } from '../core/rotation-steps.js'
import { hasDamage, outcomeOfVerification, type PlanVerification } from '../core/verification.js'
import type { VerifyReport } from '../core/work/catalog.js'
import type { RestoreResult } from '../core/work/restore.js'
import type { BackupRunResult, ReplicateRunResult } from '../core/work/runs.js'
import { exitCodes } from './exit-code.js'

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A run that came to its end may still be bad news. */
export function exitCodeOfBackup({ outcome }: Pick<BackupRunResult, 'outcome'>): ExitCode {
  switch (outcome) {
    case 'good':
      return exitCodes.ok
    case 'partial':
    case 'not-good':
    case 'failed':
      return exitCodes.notGood
    case 'cancelled':
      return exitCodes.cancelled
    case 'skipped':
      return exitCodes.conflict
  }
}

export const exitCodeOfReplication = ({ outcome }: Pick<ReplicateRunResult, 'outcome'>): ExitCode =>
  outcome === 'good' ? exitCodes.ok : exitCodes.notGood

export const exitCodeOfRotation = ({ outcome }: Pick<RotationReport, 'outcome'>): ExitCode =>
  outcome === 'good' ? exitCodes.ok : exitCodes.notGood

export const exitCodeOfRestore = ({ servicesVerdict }: Pick<RestoreResult, 'servicesVerdict'>): ExitCode =>
  servicesVerdict === 'ok' ? exitCodes.ok : exitCodes.notGood

export const exitCodeOfVerification = ({ problems }: Pick<VerifyReport, 'problems'>): ExitCode =>
  problems.length === 0 ? exitCodes.ok : exitCodes.corrupt

/** Damage is worse than what could not be read. */
export const exitCodeOfPlanVerification = (report: PlanVerification): ExitCode =>
  hasDamage(report)
    ? exitCodes.corrupt
    : outcomeOfVerification(report) === 'good'
      ? exitCodes.ok
      : exitCodes.notGood

/** The same of a rehearsed restore. */
export const exitCodeOfRehearsal = (report: RehearsalReport): ExitCode =>
  hasFailed(report)
    ? exitCodes.corrupt
    : outcomeOfRehearsal(report) === 'good'
      ? exitCodes.ok
      : exitCodes.notGood
