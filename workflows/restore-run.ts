import { upsertSearchAttributes } from '@temporalio/workflow'
import type { LeaseGrant } from '../core/work/holds.js'
import type { RestorePreview, RestoreRequest, RestoreResult, StagedItem } from '../core/work/restore.js'
import { questionActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'
import { openInbox } from './steps/inbox.js'
import { progressBoard } from './steps/progress-board.js'
import {
  afterFailure,
  concluded,
  judged,
  stage,
  swapIn,
  underPlanLock,
  whileStandingStill,
  type DataInPlace,
  type RestoreWork,
} from './steps/restore-steps.js'

export interface RestoreRunInput {
  readonly request: RestoreRequest
  /** `<backup id>/<n>`; whatever carries on with this restore carries on with its id. */
  readonly restoreId: string
  readonly host: string
}

/**
 * Puts a backup back: everything is read, checked and laid beside its place first; then, with the services held under a
 * write lease, it takes the place of the old. A failure before that leaves all as it was. After it had begun, the services
 * stay down until the restore is resumed or undone: they are not started on data that may be half restored.
 */
export async function restoreRun(input: RestoreRunInput): Promise<RestoreResult> {
  const { request, restoreId, host } = input
  upsertSearchAttributes(attributes({ host, kind: 'restore', backup: request.reference.backupId }))
  const inbox = openInbox()
  return judged(async () => {
    const { previewRestore } = questionActivities(host, 'step')
    const preview = await previewRestore.executeWithOptions({ summary: 'what it would do' }, [
      request,
      restoreId,
    ])
    upsertSearchAttributes(attributes({ plan: preview.plan, backup: preview.backupId }))
    const work: RestoreWork = { ...input, ...workOf(preview), inbox }
    return underPlanLock(work, `restore of ${preview.backupId}`, () => restore(work))
  })
}

function workOf({ backupId, destination, plan, items, hold }: RestorePreview) {
  const sources = items.map(({ source, type }) => ({ source, type }))
  return {
    backupId,
    destination,
    scope: { plan, sources, ...(hold === undefined ? {} : { hold }) },
    board: progressBoard(
      `restore of ${backupId}`,
      backupId,
      sources.map(({ source, type }) => ({ name: source, type })),
    ),
  }
}

async function restore(work: RestoreWork): Promise<RestoreResult> {
  const staged: StagedItem[] = []
  const data: DataInPlace = { is: 'old' }
  try {
    await stage(work, work.scope.sources, staged)
    const swap = (grants: readonly LeaseGrant[]) => swapIn(work, { staged, data, grants })
    return concluded(work, await whileStandingStill(work, data, swap))
  } catch (error) {
    throw await afterFailure(work, { staged, data }, error)
  }
}
