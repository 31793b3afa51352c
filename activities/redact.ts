/** Deeper data is no log line any more. */
const MAX_DEPTH = 6
const MAX_ELEMENTS = 100
const HIDDEN = '[redacted]'

const SECRET_NAME =
  /pass(word|wd|phrase)?$|secret|token|api-?_?key|private-?_?key|credential|authorization|cookie/i
/** `postgres://user:secret@host`, `password=secret`, `Authorization: Bearer secret`. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [
    /\b((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key)\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi,
    `$1${HIDDEN}`,
  ],
  [/\b(bearer|basic)\s+[a-z0-9+/._~=-]{8,}/gi, `$1 ${HIDDEN}`],
]

/**
 * The data of a log line, without what looks like a secret by its name or by its form. The last line of defence: no secret
 * should have come this far.
 */
export const redacted = (data: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  ofRecord(data, 0)

function ofRecord(data: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data)
      .slice(0, MAX_ELEMENTS)
      .map(([name, value]) => [
        name,
        SECRET_NAME.test(name) && !isReference(value) ? HIDDEN : ofValue(value, depth + 1),
      ]),
  )
}

function ofValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return ofText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[…]'
  if (value instanceof Date) return value
  if (value instanceof Error) return ofError(value, depth)
  if (Array.isArray(value)) return value.slice(0, MAX_ELEMENTS).map((element) => ofValue(element, depth + 1))
  return ofRecord(value, depth)
}

/** Errors have no enumerable properties: what they say would be lost. */
function ofError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: ofText(error.message),
    ...('code' in error ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: ofText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: ofValue(error.cause, depth + 1) }),
  }
}

const ofText = (text: string): string =>
  SECRETS_IN_TEXT.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)

/** `{ env: NAME }` says where a secret is, not what it is. */
const isReference = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('env' in value || 'file' in value || 'command' in value)
