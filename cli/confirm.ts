import { HoldfastError } from '../core/errors.js'
import { Cancelled } from './cancelled.js'
import type { Terminal } from './terminal.js'

/**
 * Returns when a person said yes, on the command line or now. Without anybody to ask it refuses with
 * `confirmation.needed`: a script that destroys something must say so itself.
 */
export async function confirmed(question: {
  /** What will be done, as a question. */
  readonly question: string
  readonly isAnswered: boolean
  readonly terminal: Pick<Terminal, 'isInteractive' | 'confirm'>
}): Promise<void> {
  if (question.isAnswered) return
  if (!question.terminal.isInteractive) {
    throw new HoldfastError('confirmation.needed', `There is no terminal to ask on: ${question.question}`, {
      hint: 'Repeat the command with --yes when this is what you want.',
    })
  }
  const answer = await question.terminal.confirm(question.question)
  if (!answer) throw new Cancelled('Nothing was done.')
}
