import { excluder } from '../../core/globs.js'

/** A path as it is compared: without slashes that mean nothing. */
export const tidy = (path: string): string => path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '')

/** `inner` as seen from `outer`; empty when they are the same, undefined when it is not inside. */
export function relativeTo(outer: string, inner: string): string | undefined {
  if (outer === inner) return ''
  const prefix = outer === '/' ? '/' : `${outer}/`
  return inner.startsWith(prefix) ? inner.slice(prefix.length) : undefined
}

/** A name that no glob spells out: what matches it matches all names. */
const ANY_NAME = '\u{10ffff}'

/** Whether a folder inside of a source is left out: itself, with a folder around it, or by all that is in it. */
export function isLeftOut(folder: string, globs: readonly string[]): boolean {
  const isExcluded = excluder(globs)
  const parts = folder === '' ? [] : folder.split('/')
  const around = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  return around.some(isExcluded) || (folder !== '' && isExcluded(`${folder}/${ANY_NAME}`))
}
