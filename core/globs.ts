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

/** Whether it was meant as an exception, as .gitignore has them; `!(x)` is a pattern, and no exception. */
export const isException = (glob: string): boolean => /^!(?!\()/.test(glob)
