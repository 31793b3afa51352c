import { bytesOf, textOf, type BytePath } from './byte-path.js'
import type { TarEntry, TarType } from './tar-header.js'

/** A line of the index of an archive. Paths as text, or in base64 where their bytes are no UTF-8. */
export interface IndexLine {
  readonly path?: string
  readonly pathBytes?: string
  readonly type: TarType
  readonly size: number
  /** Seconds since 1970, as decimal text: nanoseconds do not fit a number. */
  readonly mtime: string
  /** Octal, like chmod. */
  readonly mode: string
  /** Where its headers begin in the archive, before compression. */
  readonly offset: number
  /** Of links. */
  readonly target?: string
  readonly targetBytes?: string
}

/** Written by hand: there is one for every file, while its bytes wait. */
export function indexLine({ path, type, size, mtime, mode, offset, linkTarget }: TarEntry): string {
  const target = linkTarget === undefined ? '' : `,${named('target', linkTarget)}`
  const octal = mode.toString(8).padStart(4, '0')
  return `{${named('path', path)},"type":"${type}","size":${size},"mtime":"${mtime}","mode":"${octal}","offset":${offset}${target}}\n`
}

function named(key: 'path' | 'target', path: BytePath): string {
  const text = textOf(path)
  return text === undefined
    ? `"${key}Bytes":"${bytesOf(path).toString('base64')}"`
    : `"${key}":${JSON.stringify(text)}`
}

/** The lines of an index as they come out of it. */
export async function* indexLinesOf(
  plain: AsyncIterable<Buffer>,
): AsyncGenerator<IndexLine, void, undefined> {
  let rest = ''
  for await (const chunk of plain) {
    // latin1 keeps bytes apart until a line is whole: a chunk may end in the middle of a character.
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as IndexLine
  }
}
