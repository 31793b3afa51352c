import picomatch from 'picomatch'

/**
 * Whether any of the globs matches. Each stands for itself: `!x` is a name that starts with `!`. As an exception it would
 * match all but `x`, and in a list with others that is everything.
 */
export const globMatcher = (
  globs: readonly string[],
  options: { readonly dot?: boolean } = {},
): ((text: string) => boolean) => {
  const isMatch = picomatch([...globs], { ...options, nonegate: true })
  return (text) => isMatch(text)
}

/**
 * What a source leaves out, by paths relative to each path of it: a glob with a slash counts from there, one without matches
 * a name at any depth. What a glob matches is left out with all below it, for which it is not asked again.
 */
export function excluder(globs: readonly string[]): (relative: string) => boolean {
  if (globs.length === 0) return () => false
  const dot = true
  const whole = globMatcher(globs.filter((glob) => glob.includes('/')).map(withoutSlashes), { dot })
  const last = globMatcher(
    globs.filter((glob) => !glob.includes('/')),
    { dot },
  )
  return (relative) => whole(relative) || last(relative.slice(relative.lastIndexOf('/') + 1))
}

const withoutSlashes = (glob: string): string => glob.replace(/^\//, '').replace(/(.)\/$/, '$1')

/** Whether it was meant as an exception, as .gitignore has them; `!(x)` is a pattern, and no exception. */
export const isException = (glob: string): boolean => /^!(?!\()/.test(glob)
