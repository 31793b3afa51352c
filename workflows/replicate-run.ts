import { upsertSearchAttributes } from '@temporalio/workflow'
import { copiesVerdictOf, type ReplicateInput } from '../core/copies.js'
import type { ReplicateRunResult } from '../core/work/runs.js'
import { attributes } from './steps/attributes.js'
import { openInbox } from './steps/inbox.js'
import { makeCopies } from './steps/make-copies.js'
import { progressBoard } from './steps/progress-board.js'
import { copyDetail } from './steps/result-details.js'
import { whilePlanIsOurs } from './steps/while-locked.js'

export interface ReplicateRunInput {
  readonly host: string
  readonly plan: string
  readonly site: string
  /** One for each destination that is copied to. */
  readonly copies: readonly ReplicateInput[]
}

/** Makes missing copies when a person asks for them; a backup run does so by itself. */
export async function replicateRun(input: ReplicateRunInput): Promise<ReplicateRunResult> {
  const { host, plan, site, copies } = input
  upsertSearchAttributes(attributes({ site, plan, host, kind: 'replicate' }))
  const board = progressBoard(`copies of ${plan}`, plan, [])
  const reports = await whilePlanIsOurs(
    openInbox(),
    { plan, purpose: `copies of ${plan}`, host, onWait: board.wait },
    () => makeCopies({ host, plan, site, board, copies }),
  )
  const outcome = copiesVerdictOf(reports) === 'complete' ? 'good' : 'partial'
  upsertSearchAttributes(attributes({ outcome }))
  board.conclude(reports.map(copyDetail).join('\n'))
  return { outcome, plan, copies: reports }
}
