import { assertNever } from '../../../core/assert.js'
import { failureOf } from './failures.js'
import { loadLibrary, type Library } from './library.js'
import type { TokenAnswers, TokenMessage, TokenReply } from './questions.js'
import { createInToken, findInToken, unwrapInToken, wrapInToken } from './token.js'

// The program of the process that speaks to one PKCS#11 module: see `createTokens`. It writes nothing and keeps nothing.

let library: Promise<Library> | undefined

async function answerOf({ place, question }: TokenMessage): Promise<TokenAnswers[keyof TokenAnswers]> {
  library ??= loadLibrary(place)
  const loaded = await library
  switch (question.ask) {
    case 'find':
      return findInToken(loaded, place)
    case 'create':
      return createInToken(loaded, place, question.id)
    case 'wrap':
      return wrapInToken(loaded, place, question)
    case 'unwrap':
      return unwrapInToken(loaded, place, question)
    default:
      return assertNever(question)
  }
}

async function replyTo(message: TokenMessage): Promise<TokenReply> {
  const { number, place } = message
  try {
    return { number, answer: await answerOf(message) }
  } catch (error) {
    return { number, failure: failureOf(error, place) }
  }
}

process.on('message', (message: TokenMessage) => {
  void replyTo(message).then((reply) => process.send?.(reply))
})

/** Nobody asks any more: who started it has let it go, or has died. */
process.on('disconnect', () => {
  void Promise.resolve(library)
    .then((loaded) => loaded?.module.C_Finalize())
    .catch(() => undefined)
    .finally(() => process.exit())
})
