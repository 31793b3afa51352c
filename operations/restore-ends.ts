import type { Client } from '@temporalio/client'
import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import { hasEnded, resumeStep, undoStep, type RestoreSummary } from '../core/restore-end.js'
import type { RestoreDetails } from '../core/restore-places.js'
import type { RestoreResult } from '../core/work/restore.js'
import type { RestoreEndInput } from '../workflows/restore-end-run.js'
import { askHost, askHosts } from './questions.js'
import { startRun, type StartedRun } from './runs.js'
import type { Session } from './session.js'
import { asking, isNotFound } from './temporal-errors.js'

/** A restore as its host remembers it, and the run that works on it right now. */
export interface RestoreView extends RestoreSummary {
  readonly runningAs?: string
}

export interface RestoreDetailsView extends RestoreDetails {
  readonly runningAs?: string
}

export interface RestoreViews {
  /** Newest first. */
  readonly restores: readonly RestoreView[]
  /** Records and hosts that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

/** More than anybody tries one restore while Temporal remembers it. */
const MAX_ATTEMPTS = 1000

/** The restores of all hosts. A host that does not answer is a problem beside the list, or the failure when none answers. */
export async function listRestores(session: Session, hosts: readonly string[]): Promise<RestoreViews> {
  const { answers, failures } = await askHosts(hosts, (host) => askHost(session, host, 'listRestores'))
  const [first] = failures
  if (answers.length === 0 && first !== undefined) throw first.error
  const restores = answers.flatMap(({ answer }) => answer.restores)
  return {
    restores: await Promise.all(
      restores
        .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt))
        .map(async (restore) => (hasEnded(restore) ? restore : viewOf(session.client, restore))),
    ),
    problems: [
      ...answers.flatMap(({ answer }) => answer.problems),
      ...failures.map(({ host, error }) => `Host "${host}" was not asked: ${error.message}`),
    ],
  }
}

async function viewOf(client: Client, restore: RestoreSummary): Promise<RestoreView> {
  const { runningAs } = await attemptsOf(client, restore.restoreId)
  return runningAs === undefined ? restore : { ...restore, runningAs }
}

/** One restore by its id or a beginning that only it has. Fails with `restore.not-found` and `flag.invalid`. */
export async function findRestore(
  session: Session,
  hosts: readonly string[],
  id: string,
): Promise<RestoreView> {
  const { restores, problems } = await listRestores(session, hosts)
  const exact = restores.filter(({ restoreId }) => restoreId === id)
  const found = exact.length > 0 ? exact : restores.filter(({ restoreId }) => restoreId.startsWith(id))
  const [restore] = found
  if (restore !== undefined && found.length === 1) return restore
  if (restore === undefined) {
    const why = problems.length === 0 ? '' : ` ${problems.join(' ')}`
    throw new HoldfastError('restore.not-found', `There is no restore "${id}".${why}`, {
      hint: '`holdfast restore list` shows the restores that are known.',
    })
  }
  throw new HoldfastError('flag.invalid', `"${id}" is the beginning of ${found.length} restores.`, {
    hint: `Give more of it: ${found.map(({ restoreId }) => restoreId).join(', ')}.`,
  })
}

/** With where its data is now, as its host finds it. */
export async function describeRestore(
  session: Session,
  { host, restoreId, runningAs }: RestoreView,
): Promise<RestoreDetailsView> {
  const details = await askHost(session, host, 'describeRestore', restoreId)
  return runningAs === undefined ? details : { ...details, runningAs }
}

/** What an undo would do, in sentences. Fails as `startRestoreEnd` does, and as the undo would. */
export async function previewUndo(session: Session, restore: RestoreView): Promise<readonly string[]> {
  requireEndable(restore, 'undo')
  return askHost(session, restore.host, 'previewUndo', restore.restoreId)
}

/**
 * Brings an interrupted restore to its end: forward or back. Fails with `lock.taken` while a run works on it, with
 * `restore.ended` when nothing is left to do, and with `restore.conflict` when it can only go back.
 */
export async function startRestoreEnd(
  { client, site }: Session,
  restore: RestoreView,
  verb: RestoreEndInput['verb'],
): Promise<StartedRun<RestoreResult>> {
  requireEndable(restore, verb)
  const { restoreId, host, scope, backupId } = restore
  const { next } = await attemptsOf(client, restoreId)
  const argument: RestoreEndInput = { restoreId, host, verb }
  return startRun(client, {
    workflow: 'restoreEndRun',
    // Two people who ask at once get the same: one of them is refused.
    workflowId: workflowIds.restoreAttempt(restoreId, next),
    argument,
    onClosed: 'fail',
    summary: `${verb === 'resume' ? 'Resume' : 'Undo'} of restore ${restoreId}`,
    attributes: { site: site.site, host, plan: scope.plan, kind: 'restore', backup: backupId },
  })
}

function requireEndable(restore: RestoreView, verb: RestoreEndInput['verb']): void {
  const { restoreId, runningAs } = restore
  if (runningAs !== undefined) {
    throw new HoldfastError('lock.taken', `Restore ${restoreId} is still running (${runningAs}).`, {
      hint: `Wait for it with \`holdfast run watch ${runningAs}\`, or end it with \`holdfast run cancel ${runningAs}\`.`,
    })
  }
  if (verb === 'resume') resumeStep(restore)
  else undoStep(restore)
}

/** Its runs, as far as Temporal remembers them: the one that goes on, and the number of the next. */
async function attemptsOf(
  client: Client,
  restoreId: string,
): Promise<{ readonly runningAs?: string; readonly next: number }> {
  const isRunning = async (workflowId: string): Promise<boolean | undefined> => {
    try {
      return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING'
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined
      throw thrown
    }
  }
  return asking(`the runs of restore ${restoreId}`, async () => {
    const first = workflowIds.restore(restoreId)
    let runningAs = (await isRunning(first)) === true ? first : undefined
    for (let attempt = 2; attempt <= MAX_ATTEMPTS; attempt++) {
      const workflowId = workflowIds.restoreAttempt(restoreId, attempt)
      const found = await isRunning(workflowId)
      if (found === undefined) return { next: attempt, ...(runningAs === undefined ? {} : { runningAs }) }
      if (found) runningAs = workflowId
    }
    throw new HoldfastError('restore.conflict', `Restore ${restoreId} was tried ${MAX_ATTEMPTS} times.`, {
      hint: 'Find out what tries it again and again: `holdfast run list --kind restore`.',
    })
  })
}
