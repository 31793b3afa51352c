import type { Client } from '@temporalio/client'
import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import type { RestorePreview, RestoreRequest, RestoreResult } from '../core/work/restore.js'
import type { RestoreRunInput } from '../workflows/restore-run.js'
import type { FoundBackup } from './backups.js'
import { askHost } from './questions.js'
import { startRun, type StartedRun } from './runs.js'
import type { Session } from './session.js'
import { asking, isNotFound } from './temporal-errors.js'

/** A restore that was looked into, but not begun. */
export interface PlannedRestore {
  readonly restoreId: string
  readonly host: string
  readonly request: RestoreRequest
  readonly preview: RestorePreview
}

/** More than anybody restores one backup while Temporal remembers it. */
const MAX_RESTORES = 1000

/** Finds out what a restore would overwrite and stop, without touching anything. */
export async function planRestore(
  session: Session,
  backup: FoundBackup,
  options: Omit<RestoreRequest, 'reference'>,
): Promise<PlannedRestore> {
  const host = backup.reachedFrom
  const backupId = backup.manifest.id
  const request = { reference: { backupId, destination: backup.destination }, ...options }
  const { restores } = await askHost(session, host, 'listRestores')
  const restoreId = await nextRestoreId(
    session.client,
    backupId,
    restores.map((restore) => restore.restoreId),
  )
  const preview = await askHost(session, host, 'previewRestore', request, restoreId)
  const unseen = (backup.problems ?? []).map(
    (problem) => `${problem} It is read from "${backup.destination}".`,
  )
  return { restoreId, host, request, preview: { ...preview, warnings: [...unseen, ...preview.warnings] } }
}

/** Begins it. The worker looks again: what has changed since the preview is found there. */
export async function startRestore(
  { client, site }: Session,
  { restoreId, host, request, preview }: PlannedRestore,
): Promise<StartedRun<RestoreResult>> {
  const { backupId, plan } = preview
  const argument: RestoreRunInput = { request, restoreId, host }
  return startRun(client, {
    workflow: 'restoreRun',
    workflowId: workflowIds.restore(restoreId),
    argument,
    onClosed: 'fail',
    summary: `Restore of ${backupId}`,
    attributes: { site: site.site, host, plan, kind: 'restore', backup: backupId },
  })
}

/**
 * `<backup id>/<n>`: the first that was never used, as far as Temporal and the host know: either may have forgotten. Two
 * people who ask at once get the same; one of them is refused.
 */
async function nextRestoreId(client: Client, backupId: string, used: readonly string[]): Promise<string> {
  return asking(`restores of ${backupId}`, async () => {
    for (let n = 1; n <= MAX_RESTORES; n++) {
      const restoreId = `${backupId}/${n}`
      if (used.includes(restoreId)) continue
      try {
        await client.workflow.getHandle(workflowIds.restore(restoreId)).describe()
      } catch (thrown) {
        if (isNotFound(thrown)) return restoreId
        throw thrown
      }
    }
    throw new HoldfastError(
      'restore.conflict',
      `${backupId} was restored ${MAX_RESTORES} times within a month.`,
      {
        hint: 'Find out what restores it again and again: `holdfast run list --kind restore`.',
      },
    )
  })
}
