/** Names of the hour, day, week, month and year that an instant belongs to, in one time zone. */
export interface Calendar {
  /** `2026-10-25 02:00 GMT+02:00`: an hour that comes twice, when clocks are set back, is two hours. */
  hourly(instant: number): string
  /** `2026-10-25` */
  daily(instant: number): string
  /** `2026-W43`: ISO week, which begins on Monday and belongs to the year of its Thursday. */
  weekly(instant: number): string
  /** `2026-10` */
  monthly(instant: number): string
  /** `2026` */
  yearly(instant: number): string
}

const DAY_MS = 86_400_000

/** `timezone` is an IANA zone, validated with the plan. */
export function calendarOf(timezone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
  // Every rule asks about the same instants, and formatting is what takes the time.
  const known = new Map<number, Record<string, string>>()
  const partsOf = (instant: number): Record<string, string> => {
    const parts =
      known.get(instant) ??
      Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]))
    known.set(instant, parts)
    return parts
  }
  const daily = (instant: number): string => {
    const { year, month, day } = partsOf(instant)
    return `${year}-${month}-${day}`
  }
  return {
    hourly: (instant) => {
      const { year, month, day, hour, timeZoneName } = partsOf(instant)
      return `${year}-${month}-${day} ${hour}:00 ${timeZoneName}`
    },
    daily,
    weekly: (instant) => isoWeekOf(daily(instant)),
    monthly: (instant) => daily(instant).slice(0, 7),
    yearly: (instant) => daily(instant).slice(0, 4),
  }
}

/** https://en.wikipedia.org/wiki/ISO_week_date: the week's Thursday decides the year; week 1 has January 4th. */
function isoWeekOf(day: string): string {
  const midnight = new Date(`${day}T00:00:00Z`)
  const daysAfterMonday = (midnight.getUTCDay() + 6) % 7
  const thursday = new Date(midnight.getTime() + (3 - daysAfterMonday) * DAY_MS)
  const yearStart = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  const week = Math.floor((thursday.getTime() - yearStart) / (7 * DAY_MS)) + 1
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`
}
