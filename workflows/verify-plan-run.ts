import {
  CancellationScope,
  continueAsNew,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import { errorOf } from '../core/failure.js'
import {
  failsThroughout,
  outcomeOfVerification,
  whyIncomplete,
  type ChosenBackup,
  type ChosenBackups,
  type PlanVerification,
  type VerifiedBackup,
  type VerifyJob,
} from '../core/verification.js'
import type { VerifyReport } from '../core/work/catalog.js'
import { dataActivities, questionActivities } from './proxies.js'
import { raise, resolve, runAlarms } from './steps/alarms.js'
import { attributes } from './steps/attributes.js'

export interface VerifyPlanInput {
  readonly job: VerifyJob
  /** How far the execution before this one came. Left out: this is the first. */
  readonly continued?: Reading
}

interface Reading {
  readonly choice: ChosenBackups
  readonly backups: readonly VerifiedBackup[]
}

/** A backup costs some ten events of a history, which ends at 50,000 and is slow to replay long before. */
const READ_BY_ONE_EXECUTION = 200

/**
 * Reads backups of a plan, one after another, those first that nobody has read for longest. What it finds are marks and
 * alarms; one that cannot be read keeps no other from being read. Takes no lock: a backup begins at its time, whoever reads.
 */
export async function verifyPlanRun({ job, continued }: VerifyPlanInput): Promise<PlanVerification> {
  const { site, plan, host } = job
  upsertSearchAttributes(attributes({ site, plan, host, kind: 'verify' }))
  const begun = continued ?? { choice: await choose(job), backups: [] }
  const { choice, backups, isWhole } = await readSome(host, begun)
  if (!isWhole) return continueAsNew<typeof verifyPlanRun>({ job, continued: { choice, backups } })
  const report: PlanVerification = { plan, of: choice.of, backups, problems: choice.problems }
  await alarmOrNot(job, report)
  upsertSearchAttributes(attributes({ outcome: outcomeOfVerification(report) }))
  return report
}

const choose = (job: VerifyJob): Promise<ChosenBackups> =>
  questionActivities(job.host, 'step').chooseBackups.executeWithOptions(
    { summary: `which backups of ${job.plan} are read` },
    [job],
  )

/** Reads on from where `begun` has ended, as far as one execution goes. */
async function readSome(host: string, begun: Reading): Promise<Reading & { readonly isWhole: boolean }> {
  const { choice } = begun
  const backups = [...begun.backups]
  const away = new Map<string, string>()
  const rest = choice.chosen.slice(backups.length)
  for (const backup of rest.slice(0, READ_BY_ONE_EXECUTION)) {
    setCurrentDetails(`Reads ${backup.backupId}, number ${backups.length + 1} of ${choice.chosen.length}.`)
    backups.push(await readOne(host, backup, away))
  }
  return { choice, backups, isWhole: rest.length <= READ_BY_ONE_EXECUTION }
}

/** @param away destinations that do not answer, and why: nothing more is asked of them. */
async function readOne(
  host: string,
  backup: ChosenBackup,
  away: Map<string, string>,
): Promise<VerifiedBackup> {
  const unread = { ...backup, objects: 0, bytes: 0 }
  const known = away.get(backup.destination)
  if (known !== undefined) return { ...unread, outcome: 'not-done', problem: known }
  try {
    const summary = `${backup.backupId} at ${backup.destination}`
    return verified(
      backup,
      await dataActivities(host).verify.executeWithOptions({ summary }, [{ reference: backup }]),
    )
  } catch (thrown) {
    if (CancellationScope.current().consideredCancelled) throw thrown
    const error = errorOf(thrown)
    if (error === undefined) throw thrown
    if (error.code === 'backup.not-found') return { ...unread, outcome: 'gone' }
    if (failsThroughout(error.code)) away.set(backup.destination, error.message)
    return { ...unread, outcome: 'not-done', problem: error.message }
  }
}

function verified(
  backup: ChosenBackup,
  { objects, bytes, problems, notes = [] }: VerifyReport,
): VerifiedBackup {
  const [problem] = problems
  const [note] = notes
  return {
    ...{ ...backup, objects, bytes, outcome: problem === undefined ? 'verified' : 'damaged' },
    ...(problem === undefined ? {} : { problem }),
    ...(note === undefined ? {} : { note }),
  }
}

/** Of what is damaged the activity has raised an alarm of its own, by backup. */
async function alarmOrNot({ plan, host }: VerifyJob, report: PlanVerification): Promise<void> {
  const cause = runAlarms.verification(plan)
  const why = whyIncomplete(report)
  if (why === undefined) return resolve(host, [cause])
  await raise(host, {
    cause,
    summary: `The backups of ${plan} could not all be verified: ${why}`,
    hint: `See why, then run \`holdfast backup verify ${plan}\`.`,
    plan,
  })
}
