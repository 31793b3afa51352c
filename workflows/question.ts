import { upsertSearchAttributes } from '@temporalio/workflow'
import type { QuestionActivities } from '../activities/activities.js'
import { assertNever } from '../core/assert.js'
import { HoldfastError } from '../core/errors.js'
import { errorOf } from '../core/failure.js'
import { questionActivities } from './proxies.js'
import { attributes } from './steps/attributes.js'

type QuestionName = keyof QuestionActivities

/** What may be asked of a host's worker: the name of a question, and its arguments. */
export type Ask = {
  [Q in QuestionName]: { readonly question: Q; readonly arguments: Parameters<QuestionActivities[Q]> }
}[QuestionName]

export type Answer<Q extends QuestionName = QuestionName> = Awaited<ReturnType<QuestionActivities[Q]>>

export interface QuestionInput {
  readonly host: string
  readonly ask: Ask
}

/** Asks a worker, which alone can see data and destinations. Fails with `agent.offline` when none answers within 15 s. */
export async function question({ host, ask }: QuestionInput): Promise<Answer> {
  upsertSearchAttributes(attributes({ host, kind: 'question' }))
  try {
    return await answer(host, ask)
  } catch (thrown) {
    const error = errorOf(thrown)
    if (error?.code !== 'agent.offline') throw thrown
    throw new HoldfastError('agent.offline', `No worker of host "${host}" answers.`, {
      hint: 'Start one with `holdfast up`.',
    })
  }
}

function answer(host: string, ask: Ask): Promise<Answer> {
  const asked = questionActivities(host, 'question')
  switch (ask.question) {
    case 'preflight':
      return asked.preflight(...ask.arguments)
    case 'listBackups':
      return asked.listBackups(...ask.arguments)
    case 'showBackup':
      return asked.showBackup(...ask.arguments)
    case 'previewRestore':
      return asked.previewRestore(...ask.arguments)
    case 'listRestores':
      return asked.listRestores(...ask.arguments)
    case 'showRestore':
      return asked.showRestore(...ask.arguments)
    case 'describeRestore':
      return asked.describeRestore(...ask.arguments)
    case 'previewUndo':
      return asked.previewUndo(...ask.arguments)
    case 'previewRetention':
      return asked.previewRetention(...ask.arguments)
    case 'chooseBackups':
      return asked.chooseBackups(...ask.arguments)
    case 'tryDestination':
      return asked.tryDestination(...ask.arguments)
    case 'tellKeys':
      return asked.tellKeys(...ask.arguments)
    case 'findKeyUses':
      return asked.findKeyUses(...ask.arguments)
    case 'findKeptWraps':
      return asked.findKeptWraps(...ask.arguments)
    case 'markBackup':
      return asked.markBackup(...ask.arguments)
    default:
      return assertNever(ask)
  }
}
