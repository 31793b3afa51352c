import { isMap, isScalar, visit, type Document, type Pair } from 'yaml'
import { VARIABLE_PATTERN } from '../schemas/patterns.js'
import { composeYaml } from './compose-yaml.js'
import { editDistance } from '../core/suggest.js'

/** Names of keys that hold secrets, ours and those that people write by mistake. */
const SECRET_KEYS = [
  'password',
  'passphrase',
  'apiKey',
  'privateKey',
  'secretAccessKey',
  'serverRootCA',
  'certificate',
  'credentials',
]
const SHORT_SECRET_KEYS = new Set(['key', 'pass', 'pw', 'pwd', 'auth', 'passwd', 'cert', 'pin'])
const SECRET_WORDS =
  /pass(word|wd|phrase)|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key/i

/** Whether a value under this key may be a secret. A misspelt one counts: `pasword: …` is exactly what messages are about. */
export function isSecretKey(key: string): boolean {
  if (SECRET_WORDS.test(key) || SHORT_SECRET_KEYS.has(key.toLowerCase())) return true
  return SECRET_KEYS.some((known) => editDistance(known.toLowerCase(), key.slice(0, 40).toLowerCase()) <= 2)
}

/**
 * The text with every value that stands where a secret belongs replaced by `*`, character by character, so that
 * positions stay. References (`{ env: NAME }`, `{ file: PATH }`, `{ command: […] }`) are no secrets and stay.
 */
export function maskSecrets(text: string): string {
  const { document } = composeYaml(text)
  const masked =
    document && document.errors.length + document.warnings.length === 0
      ? maskNodes(text, document)
      : maskLines(text)
  return maskInside(masked)
}

function maskNodes(text: string, document: Document): string {
  const ranges: (readonly [number, number])[] = []
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || !isSecretKey(String(pair.key.value)) || isReference(pair)) return
      const end = (pair.value as { range?: readonly [number, number, number] } | null)?.range?.[1]
      const keyEnd = (pair.key.range ?? [0, 0])[1]
      // Tags and anchors stand before the range of a value, and may be the secret.
      if (end !== undefined) ranges.push([text.indexOf(':', keyEnd) + 1, end])
    },
  })
  return ranges.reduce((masked, [start, end]) => cover(masked, start, end), text)
}

function isReference({ value }: Pair): boolean {
  if (!isMap(value)) return false
  return value.items.every(({ key, value: referred }) => {
    const kind = isScalar(key) ? key.value : undefined
    if (kind === 'env') return isScalar(referred) && new RegExp(VARIABLE_PATTERN).test(String(referred.value))
    return kind === 'file' || kind === 'command'
  })
}

/** Without a tree to go by, as after a syntax error: the rest of the line, and all lines that may belong to the value. */
function maskLines(text: string): string {
  let secretIndent: number | undefined
  return text
    .split('\n')
    .map((line) => {
      const indent = line.length - line.trimStart().length
      const startsKey = /^\s*(?:[-?]\s+)*["']?[A-Za-z_][\w.-]*["']?\s*:(?:\s|$)/.test(line)
      if (secretIndent !== undefined && !(startsKey && indent <= secretIndent))
        return cover(line, 0, line.length)
      secretIndent = undefined
      for (const match of line.matchAll(/["']?([A-Za-z_][\w-]*)["']?\s*:/g)) {
        if (!isSecretKey(match[1] ?? '')) continue
        secretIndent = indent
        return cover(line, match.index + match[0].length, line.length)
      }
      return line
    })
    .join('\n')
}

/** Secrets inside of other values: keys as hex digits, passwords in URLs and connection strings. */
const maskInside = (text: string): string =>
  text
    .replace(/\b[0-9a-f]{64}\b/gi, (key) => '*'.repeat(key.length))
    .replace(
      /(:\/\/[^\s:@/]*:)([^\s@]+)(?=@)/g,
      (_, before: string, secret: string) => before + '*'.repeat(secret.length),
    )
    .replace(
      /((?:password|passwd|pwd|secret|token)=)([^\s&"']+)/gi,
      (_, before: string, secret: string) => before + '*'.repeat(secret.length),
    )

const cover = (text: string, start: number, end: number): string =>
  text.slice(0, start) + text.slice(start, end).replace(/[^\s]/g, '*') + text.slice(end)
