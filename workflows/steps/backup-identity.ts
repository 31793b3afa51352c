import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common'
import { uuid4, workflowInfo } from '@temporalio/workflow'
import { assert } from '../../core/assert.js'
import { backupIdOf, parseBackupId } from '../../core/ids.js'
import type { BackupRunInput } from '../../core/job.js'

export interface BackupIdentity {
  readonly backupId: string
  /** ISO, to the second: the time in the id. */
  readonly takenAt: string
}

/** Digits of the id that tell two runs of one second apart. */
const RANDOM_DIGITS = 6

/** The id that the run was given; a scheduled run forms it from its nominal time, so that it says which run it was. */
export function identityOf({ backupId, job }: BackupRunInput): BackupIdentity {
  const id = backupId ?? backupIdOf(nominalTime(), job.plan, uuid4().slice(0, RANDOM_DIGITS))
  const parsed = parseBackupId(id)
  assert(parsed, `"${id}" is no backup id`)
  return { backupId: id, takenAt: parsed.takenAt.toISOString() }
}

/** Set by the server on every run of a schedule: when it was meant to start, without jitter and delays. */
const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME)

const nominalTime = (): Date =>
  workflowInfo().typedSearchAttributes.get(SCHEDULED_START) ?? workflowInfo().startTime
