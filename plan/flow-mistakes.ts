import type { YAMLError } from 'yaml'
import { partsOf } from './compose-yaml.js'

/** A mistake of the syntax, in our words; never with a piece of the text, which may be a secret. */
export interface Explained {
  readonly message: string
  readonly hint?: string
  /** Where it is to be shown; left out: where the parser met it. */
  readonly offset?: number
}

interface Bracket {
  readonly opens: '[' | '{'
  readonly offset: number
}

const CLOSES = { '[': ']', '{': '}' } as const

/**
 * What is wrong inside of `[ ]` and `{ }`; undefined: it is something else. The parser meets such a mistake where nothing fits any
 * more, which may be lines after the bracket that is not closed, and all that follows is of no use.
 */
export function flowMistake({ code, message, pos }: YAMLError, text: string): Explained | undefined {
  const [at] = pos
  const open = openBrackets(text, at).at(-1)
  if (open === undefined) {
    const isSurplus = /^Unexpected flow-(map|seq)-end/.test(message)
    return isSurplus ? { message: 'this closes nothing that is open.', hint: 'Remove it.' } : undefined
  }
  if (code === 'BAD_INDENT' && message.startsWith('Flow')) return notClosed(open, text[at] ?? '')
  const isCommaMissing =
    code === 'BLOCK_IN_FLOW' || message.startsWith('Missing ,') || message.endsWith('at node end')
  return isCommaMissing
    ? { message: 'a comma is missing here.', hint: 'Or does a text with ": " need quotes?' }
    : undefined
}

function notClosed({ opens, offset }: Bracket, met: string): Explained {
  const closes = CLOSES[opens]
  return met === ']' || met === '}'
    ? {
        message: `this does not close the "${opens}" that is open.`,
        hint: `Put a "${closes}" before it, or remove it.`,
      }
    : { message: `this "${opens}" is not closed.`, hint: `Close it with "${closes}".`, offset }
}

/** Those that are open at a place, the innermost last. */
function openBrackets(text: string, until: number): readonly Bracket[] {
  const open: Bracket[] = []
  for (const { text: token, offset, kind } of partsOf(text)) {
    if (offset >= until) break
    if (kind !== 'other') continue
    if (token === '[' || token === '{') open.push({ opens: token, offset })
    if (token === ']' || token === '}') open.pop()
  }
  return open
}
