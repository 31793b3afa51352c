/**
 * Names of files are bytes, not text. Inside, a path is a string with one character for each byte (latin1): it compares,
 * splits and hashes like text, takes a byte a character, and goes back to the very same bytes.
 */
export type BytePath = string

export const bytePathOf = (text: string): BytePath => Buffer.from(text, 'utf8').toString('latin1')

export const bytesOf = (path: BytePath): Buffer => Buffer.from(path, 'latin1')

/** Most names by far: nothing to decode. */
const IS_ASCII = /^[\x01-\x7f]*$/

/** The path as text; undefined where its bytes are no UTF-8. */
export function textOf(path: BytePath): string | undefined {
  if (IS_ASCII.test(path)) return path
  const bytes = bytesOf(path)
  const text = bytes.toString('utf8')
  // A replacement character may stand in a name, so only the way back proves it.
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined
}

/** For people and globs: what is no UTF-8 is shown as the replacement character. */
export const shownPath = (path: BytePath): string =>
  IS_ASCII.test(path) ? path : bytesOf(path).toString('utf8')

/** Of members of archives: `.` is above all, and above itself. */
export const folderOf = (path: BytePath): BytePath => {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '.' : path.slice(0, slash)
}
