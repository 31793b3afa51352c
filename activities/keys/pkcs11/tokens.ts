import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { HoldfastError } from '../../../core/errors.js'
import type { TokenAnswers, TokenMessage, TokenPlace, TokenQuestion, TokenReply } from './questions.js'

/** What speaks to tokens. */
export interface Tokens {
  /**
   * Asks the token of the place. A module is code of others, and blocks whoever calls it: it is loaded in a process of its
   * own, which is killed when it does not answer in time, or crashes alone; the next question starts another. What cannot be
   * helped: a module that hangs in the kernel, where nobody can be killed, and one whose process outlives us because we were
   * killed while it hung. Tokens close the sessions of a process that is gone.
   *
   * A PIN that was refused is not tried again by this process: tokens count, and lock themselves.
   *
   * Fails with `key.module-missing`, `key.not-found`, `key.exists`, `key.invalid`, `key.unsafe`, `key.denied`, and with
   * `key.unavailable` where trying again may help. The PIN is never in a message.
   */
  ask<Q extends TokenQuestion>(place: TokenPlace, question: Q): Promise<TokenAnswers[Q['ask']]>
}

export interface TokensOptions {
  /** Path of what runs in the process of a module. */
  readonly program: string
  /** Modules find their settings there. Without the secrets of others: a module is none of ours. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long a question may take. Default: half a minute; a token in another building takes a second. */
  readonly answerWithinMs?: number
  /** How long a process without questions is kept. Default: five seconds: whole listings ask again and again. */
  readonly keptForMs?: number
}

const ANSWER_WITHIN_MS = 30_000
const KEPT_FOR_MS = 5000
/** To close what it has open, once nobody asks any more. */
const END_WITHIN_MS = 5000

interface Waiting {
  readonly resolve: (answer: TokenAnswers[keyof TokenAnswers]) => void
  readonly reject: (error: Error) => void
  readonly place: TokenPlace
}

/** A process, and who waits for its answers, by the numbers of their questions. */
interface Conversation {
  readonly child: ChildProcess
  readonly waiting: Map<number, Waiting>
  /** Why it is killed. */
  killedBecause?: string
  idle?: NodeJS.Timeout
}

export function createTokens(options: TokensOptions): Tokens {
  const { answerWithinMs = ANSWER_WITHIN_MS, keptForMs = KEPT_FOR_MS } = options
  /** By path of the module. */
  const conversations = new Map<string, Conversation>()
  /** Digests of PINs, by token. */
  const refused = new Map<string, string>()
  let asked = 0

  function conversationWith(module: string): Conversation {
    const running = conversations.get(module)
    if (running !== undefined) return running
    const conversation = begin(options, () => {
      if (conversations.get(module) === conversation) conversations.delete(module)
    })
    conversations.set(module, conversation)
    return conversation
  }

  /** The process may end with us when nothing is asked; it is let go after a while. */
  function rest(module: string, conversation: Conversation): void {
    if (conversation.waiting.size > 0) return
    holdOurProcess(conversation.child, 'no')
    conversation.idle = setTimeout(() => {
      if (conversations.get(module) === conversation) conversations.delete(module)
      letGo(conversation.child)
    }, keptForMs).unref()
  }

  async function answerOf(place: TokenPlace, question: TokenQuestion) {
    const conversation = conversationWith(place.module)
    const { child, waiting } = conversation
    const number = ++asked
    clearTimeout(conversation.idle)
    holdOurProcess(child, 'yes')
    const limit = setTimeout(() => {
      conversation.killedBecause = `did not answer within ${answerWithinMs / 1000} s`
      child.kill('SIGKILL')
    }, answerWithinMs)
    try {
      return await new Promise<TokenAnswers[keyof TokenAnswers]>((resolve, reject) => {
        waiting.set(number, { resolve, reject, place })
        // Where it cannot be sent the process has ended, and its end answers.
        child.send({ number, place, question } satisfies TokenMessage, () => undefined)
      })
    } finally {
      clearTimeout(limit)
      waiting.delete(number)
      rest(place.module, conversation)
    }
  }

  return {
    async ask<Q extends TokenQuestion>(place: TokenPlace, question: Q) {
      const [token, digest] = [JSON.stringify([place.module, place.token]), digestOf(place.pin)]
      if (refused.get(token) === digest) throw notTriedAgain(place)
      try {
        // What is asked decides what is answered; the compiler cannot carry that through the channel.
        return (await answerOf(place, question)) as TokenAnswers[Q['ask']]
      } catch (error) {
        if (error instanceof RefusedPin) refused.set(token, digest)
        throw error
      }
    },
  }
}

/** A `key.denied` that the token has counted. */
class RefusedPin extends HoldfastError {}

function begin({ program, environment }: TokensOptions, onEnd: () => void): Conversation {
  // Options of Node are for the worker: its inspector, its limits of memory.
  const env = { ...environment, NODE_OPTIONS: undefined }
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const
  const child = fork(program, [], { env, execArgv: [], serialization: 'advanced', stdio: [...stdio] })
  const conversation: Conversation = { child, waiting: new Map() }
  const { waiting } = conversation
  child.on('message', (reply: TokenReply) => {
    const asker = waiting.get(reply.number)
    if ('answer' in reply) asker?.resolve(reply.answer)
    else asker?.reject(errorOf(reply))
  })
  const end = (how: string) => {
    onEnd()
    for (const { reject, place } of waiting.values()) reject(gone(place, conversation.killedBecause ?? how))
  }
  child.once('error', (error) => end(`could not be run: ${error.message}`))
  child.once('exit', (code, signal) => end(`ended by itself (${signal ?? `exit code ${code}`})`))
  return conversation
}

function errorOf({ failure }: Extract<TokenReply, { readonly failure: unknown }>): HoldfastError {
  const { code, message, hint, isPinRefused } = failure
  const context = hint === undefined ? {} : { hint }
  return isPinRefused ? new RefusedPin(code, message, context) : new HoldfastError(code, message, context)
}

function holdOurProcess(child: ChildProcess, hold: 'yes' | 'no'): void {
  const verb = hold === 'yes' ? 'ref' : 'unref'
  child[verb]()
  child.channel?.[verb]()
}

function letGo(child: ChildProcess): void {
  if (child.connected) child.disconnect()
  setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS).unref()
}

/** Kept instead of the PIN. */
const digestOf = (pin: string): string => createHash('sha256').update(pin).digest('hex')

const gone = ({ name, module }: TokenPlace, how: string): HoldfastError =>
  new HoldfastError('key.unavailable', `What speaks to the token of key "${name}" ${how}.`, {
    hint: `Its module is ${module}: look at the token, and at the log of its maker's software. It is tried again.`,
  })

const notTriedAgain = ({ name, token }: TokenPlace): HoldfastError =>
  new HoldfastError(
    'key.denied',
    `Token "${token}" of key "${name}" has refused this PIN before: it was not tried again.`,
    {
      hint: `Correct what \`pin\` of "${name}" refers to. Tokens lock themselves after a few wrong ones. Where it is right now, restart the agent.`,
    },
  )
