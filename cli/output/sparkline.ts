const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * Values as bars, one a character, measured from zero: what shrinks to a tenth looks like it, and a growth of some percent
 * is no alarm. Empty for fewer than two values, which are no trend.
 */
export function sparkline(values: readonly number[]): string {
  if (values.length < 2) return ''
  const largest = Math.max(...values)
  return values
    .map((value) => BARS[largest <= 0 ? 0 : Math.round((Math.max(0, value) / largest) * (BARS.length - 1))])
    .join('')
}
