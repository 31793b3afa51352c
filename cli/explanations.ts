import { errorCatalogue, type ErrorCode, type ErrorKind } from '../core/errors.js'

/** One section of `docs/errors.md`. */
export interface Explanation {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly meaning: string
  readonly cause: string
  readonly cure: string
}

const PARTS = { meaning: 'Meaning', cause: 'Cause', cure: 'Cure' } as const

/** Reads the sections of the page. Those that lack a part or name no code of the catalogue are left out: a test finds them. */
export function parseExplanations(page: string): ReadonlyMap<string, Explanation> {
  const sections = page.split(/^## /m).slice(1)
  return new Map(
    sections.flatMap((section) => {
      const [code = '', ...rest] = section.split('\n')
      const body = rest.join('\n')
      const [meaning, cause, cure] = [
        partOf(body, PARTS.meaning),
        partOf(body, PARTS.cause),
        partOf(body, PARTS.cure),
      ]
      if (!isCode(code.trim()) || meaning === undefined || cause === undefined || cure === undefined)
        return []
      const explanation = { code: code.trim() as ErrorCode, kind: errorCatalogue[code.trim() as ErrorCode] }
      return [[explanation.code, { ...explanation, meaning, cause, cure }] as const]
    }),
  )
}

/** A part goes to the next empty line; lines of the page are wrapped, the terminal wraps its own. */
function partOf(body: string, name: string): string | undefined {
  const match = new RegExp(`^\\*\\*${name}:\\*\\* ([^]*?)(?:\\n\\n|\\n*(?![^]))`, 'm').exec(body)
  return match?.[1]?.replaceAll('\n', ' ').trim()
}

const isCode = (text: string): text is ErrorCode => Object.hasOwn(errorCatalogue, text)
