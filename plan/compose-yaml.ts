import { Lexer, parseDocument, type Document } from 'yaml'

/** Plans and configurations are written by hand: the largest that we know has 20 KiB. */
export const MOST_BYTES = 256 * 1024
/** Checking keys for duplicates takes the square of their number: so many tokens stay far below a second. */
const MOST_TOKENS = 60_000
/** The parser recurses: without these limits, 200 KiB of `- - - -` exhaust the stack, or all memory of the process. */
const MOST_NESTING = 50
const MOST_INDICATORS_IN_LINE = 50
const MOST_INDENT = 400

/** Without the byte order mark that some editors write, which is no part of the first line. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff/, '')

/** Why a text is not even parsed, with the offset where that shows. */
export interface Refusal {
  readonly offset: number
  readonly message: string
}

/** Parses one YAML document, within limits. Never throws: what is beyond a limit is refused, mistakes are in the document. */
export function composeYaml(text: string): { document?: Document.Parsed; refusal?: Refusal } {
  const refusal = refusalOf(text)
  if (refusal) return { refusal }
  try {
    const document = parseDocument(text, {
      version: '1.2',
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    })
    return { document }
  } catch {
    return { refusal: { offset: 0, message: 'the file cannot be parsed as YAML.' } }
  }
}

function refusalOf(text: string): Refusal | undefined {
  if (Buffer.byteLength(text) > MOST_BYTES) {
    return {
      offset: 0,
      message: `the file is larger than ${MOST_BYTES / 1024} KiB, which no plan or configuration needs.`,
    }
  }
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/.exec(text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return { offset: control.index, message: `the file is no text: it holds the character U+${code}.` }
  }
  return tooComplex(text)
}

export interface YamlPart {
  readonly text: string
  readonly offset: number
  /** `mark`: of the lexer, and not in the text. */
  readonly kind: 'mark' | 'scalar' | 'other'
}

/** The tokens of a text, which takes no recursion. */
export function* partsOf(text: string): Generator<YamlPart, void, undefined> {
  let offset = 0
  let isScalar = false
  for (const token of new Lexer().lex(text)) {
    const isMark = token === '\u0002' || token === '\u0018' || token === '\u001f'
    yield { text: token, offset, kind: isMark ? 'mark' : isScalar ? 'scalar' : 'other' }
    isScalar = token === '\u001f'
    if (!isMark) offset += token.length
  }
}

/** Goes over the tokens, which takes no recursion, and bounds what the parser will recurse into. */
function tooComplex(text: string): Refusal | undefined {
  let tokens = 0
  let nesting = 0
  let indicators = 0
  let isLineStart = true
  for (const { text: token, offset, kind } of partsOf(text)) {
    if (++tokens > MOST_TOKENS)
      return { offset, message: 'the file is too long: it has more parts than any plan or configuration.' }
    if (kind === 'mark') continue
    if (kind === 'other') {
      if (token === '[' || token === '{') nesting++
      if (token === ']' || token === '}') nesting--
      if (token === '-' || token === '?' || token === ':') indicators++
      const isDeep = nesting > MOST_NESTING || (nesting <= 0 && indicators > MOST_INDICATORS_IN_LINE)
      const isIndented = isLineStart && token.length > MOST_INDENT && token.trim() === ''
      if (isDeep || isIndented) return { offset, message: 'is nested too deeply.' }
    }
    isLineStart = token.endsWith('\n')
    if (isLineStart) indicators = 0
  }
  return undefined
}
