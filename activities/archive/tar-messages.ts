import type { NotCaptured } from '../../core/backup.js'
import type { NotCapturedCause } from '../../schemas/plan.js'
import { shownPath, type BytePath } from './byte-path.js'

/**
 * What GNU tar says of single files, in the C locale. Source: the format strings of its create.c, misc.c and xattrs.c.
 * Names are quoted by `--quoting-style=escape`, so a message is always one line.
 */
const MESSAGES: readonly (readonly [RegExp, NotCapturedCause | 'harmless'])[] = [
  [/^tar: (.+): file changed as we read it$/, 'changed'],
  [/^tar: (.+): File removed before we read it$/, 'vanished'],
  [/^tar: (.+): Directory has been (?:renamed|removed).*$/, 'vanished'],
  [/^tar: (.+): File shrank by \d+ bytes?; padding with zeros$/, 'shrunk'],
  [/^tar: (.+): Cannot (?:stat|open|readlink): (?:No such file or directory|Not a directory)$/, 'vanished'],
  [/^tar: (.+): Cannot (?:stat|open|read|readlink|savedir|close|seek to \d+): .+$/, 'unreadable'],
  [/^tar: (.+): Read error at byte \d+, while reading \d+ bytes?: .+$/, 'unreadable'],
  [
    /^tar: (.+): Cannot (?:l?listxattr(?:at)?|llistxattrat|lgetxattrat|getfileconat|acl_get_file(?:_at)?): .+$/,
    'unreadable',
  ],
  [/^tar: (.+): Unknown file type; file ignored$/, 'unreadable'],
  [/^tar: (.+): (?:socket|door) ignored$/, 'harmless'],
  [/^tar: Exiting with failure status due to previous errors()$/, 'harmless'],
]

/**
 * Judges what tar wrote when it did not end well: files that it could not take as they were, and lines that say something
 * else. One such line, or none at all, and the archive is not to be trusted.
 */
export function judgeTarMessages(stderr: string): {
  readonly notCaptured: readonly NotCaptured[]
  readonly unknown: readonly string[]
} {
  const notCaptured: NotCaptured[] = []
  const unknown: string[] = []
  for (const line of stderr.split('\n').filter((text) => text !== '')) {
    const match = MESSAGES.map(([pattern, cause]) => ({ path: pattern.exec(line)?.[1], cause })).find(
      ({ path }) => path !== undefined,
    )
    if (!match) unknown.push(line)
    else if (match.cause !== 'harmless') {
      notCaptured.push({
        path: shownPath(unescaped((match.path ?? '').replace(/: Warning$/, ''))),
        cause: match.cause,
      })
    }
  }
  return { notCaptured: onePerPath(notCaptured), unknown }
}

/** A file can be named twice (changed while read, and shrunk): the first cause counts. */
function onePerPath(all: readonly NotCaptured[]): NotCaptured[] {
  const byPath = new Map<string, NotCaptured>()
  for (const one of all) if (!byPath.has(one.path)) byPath.set(one.path, one)
  return [...byPath.values()]
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  ' ': ' ',
}

function unescaped(quoted: string): BytePath {
  return quoted.replace(/\\([0-7]{3}|[abfnrtv\\ ])/g, (_, escape: string) =>
    escape.length === 3 ? String.fromCharCode(Number.parseInt(escape, 8)) : (ESCAPES[escape] as string),
  )
}
