import { HoldfastError } from '../core/errors.js'
import { parseDuration } from '../core/units.js'
import { DURATION_PATTERN } from '../schemas/patterns.js'

/** `7d` ago, or a date or time as ISO 8601 writes it; as an ISO instant. Fails with `flag.invalid`. */
export function parseSince(text: string, now: Date): string {
  if (new RegExp(DURATION_PATTERN).test(text)) {
    const since = new Date(now.getTime() - parseDuration(text))
    // A duration may be longer than time itself.
    if (!Number.isNaN(since.getTime())) return since.toISOString()
  }
  const instant = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(instant.getTime())) return instant.toISOString()
  throw new HoldfastError('flag.invalid', `--since "${text}" is no time.`, {
    hint: 'Write a duration (7d, 12h), a date (2026-11-20) or an instant (2026-11-20T01:30:00Z).',
  })
}
