import { formatDuration } from '../../core/units.js'

/** `2026-11-20 02:30:00` in the given zone. */
export function formatInstant(iso: string, timezone: string): string {
  // Swedish writes times as ISO does, with a space.
  return new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    timeZone: timezone,
  }).format(new Date(iso))
}

/** `4m 05s ago`, or `in 3h 10m`. */
export function formatDistance(iso: string, now: Date): string {
  const distance = now.getTime() - new Date(iso).getTime()
  return distance >= 0 ? `${formatDuration(distance)} ago` : `in ${formatDuration(-distance)}`
}

/** Zone of this terminal, as `TZ` or the system says it. */
export const localTimezone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone
