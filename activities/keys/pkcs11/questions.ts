import type { ErrorContext, ErrorCode } from '../../../core/errors.js'
import type { Wrapped } from '../key.js'

// What is said between Holdfast and the process that speaks to a token. It goes over a channel that nobody else can read.

/** A key in a token, and what it takes to use it. */
export interface TokenPlace {
  /** As holdfast.yaml calls it, for messages. */
  readonly name: string
  /** Path of the PKCS#11 library. */
  readonly module: string
  readonly token: string
  readonly label: string
  /** 16 hex digits. Left out: the only key of this label. */
  readonly id?: string
  readonly pin: string
}

export type TokenQuestion =
  | { readonly ask: 'find' }
  | { readonly ask: 'create'; readonly id: string }
  | { readonly ask: 'wrap'; readonly plain: Buffer; readonly associatedData: Buffer }
  | { readonly ask: 'unwrap'; readonly wrapped: Wrapped; readonly associatedData: Buffer }

export interface TokenAnswers {
  readonly find: { readonly id: string }
  readonly create: { readonly id: string }
  readonly wrap: Wrapped
  /** Without `plain`: the key, or what was wrapped, is another one. */
  readonly unwrap: { readonly plain?: Buffer }
}

export interface TokenMessage {
  readonly number: number
  readonly place: TokenPlace
  readonly question: TokenQuestion
}

export type TokenReply = { readonly number: number } & (
  { readonly answer: TokenAnswers[keyof TokenAnswers] } | { readonly failure: TokenFailure }
)

/** A `HoldfastError` on its way to another process. */
export interface TokenFailure extends Pick<ErrorContext, 'hint'> {
  readonly code: ErrorCode
  readonly message: string
  /** The token has counted a wrong PIN: after a few it locks itself. */
  readonly isPinRefused: boolean
}
