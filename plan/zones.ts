// Wall-clock times of a zone, as dates whose UTC fields read as the local clock does.

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Made once for each zone: making one costs a hundred times what using it does. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(zone, formatter)
  return formatter
}

/** What the clock on the wall shows at an instant. */
export function wallTime(instant: Date, zone: string): Date {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
}

/** How far the zone's clock is ahead of UTC. */
const offsetAt = (instant: Date, zone: string): number =>
  wallTime(instant, zone).getTime() - Math.floor(instant.getTime() / 1000) * 1000

const DAY = 86_400_000

/** The instants at which the wall shows this time: none while clocks go forward, two while they go back, else one. */
export function instantsOf(wall: Date, zone: string): readonly Date[] {
  const around = [-DAY, DAY].map((shift) => offsetAt(new Date(wall.getTime() + shift), zone))
  return [...new Set(around)]
    .map((offset) => new Date(wall.getTime() - offset))
    .filter((instant) => wallTime(instant, zone).getTime() === wall.getTime())
    .sort((a, b) => a.getTime() - b.getTime())
}

/** The clocks of a zone being set: forward, `from` to `to` does not exist; back, it comes twice. Wall-clock times. */
export interface ClockChange {
  readonly direction: 'forward' | 'back'
  readonly from: Date
  readonly to: Date
}

/** Changes within a year from an instant; none in a zone without daylight saving. */
export function clockChanges(zone: string, since: Date): readonly ClockChange[] {
  const question = `${zone} ${since.toISOString()}`
  const known = changes.get(question)
  if (known) return known
  const found = findChanges(zone, since)
  if (changes.size >= MOST_REMEMBERED) changes.clear()
  changes.set(question, found)
  return found
}

/** Plans of one site share a zone or two, and a year is 366 questions to Intl. */
const changes = new Map<string, readonly ClockChange[]>()
const MOST_REMEMBERED = 100

function findChanges(zone: string, since: Date): readonly ClockChange[] {
  const found: ClockChange[] = []
  let before = offsetAt(since, zone)
  for (let day = 1; day <= 366; day++) {
    const end = new Date(since.getTime() + day * DAY)
    const after = offsetAt(end, zone)
    if (after === before) continue
    const at = momentOfChange(new Date(end.getTime() - DAY), end, zone)
    const [low, high] = [Math.min(before, after), Math.max(before, after)]
    found.push({
      direction: after > before ? 'forward' : 'back',
      from: new Date(at.getTime() + low),
      to: new Date(at.getTime() + high),
    })
    before = after
  }
  return found
}

function momentOfChange(from: Date, to: Date, zone: string): Date {
  const before = offsetAt(from, zone)
  let [low, high] = [from.getTime(), to.getTime()]
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000
    if (offsetAt(new Date(middle), zone) === before) low = Math.max(middle, low + 1)
    else high = middle
  }
  return new Date(high)
}

let zoneNames: readonly string[] | undefined

/** Why Temporal would not know the zone, with the name that was likely meant. */
export function zoneMistake(zone: string): { suggestion?: string } | undefined {
  const names = (zoneNames ??= Intl.supportedValuesOf('timeZone'))
  if (zone === 'UTC' || names.includes(zone)) return undefined
  const sameLetters = names.find((name) => name.toLowerCase() === zone.toLowerCase())
  if (sameLetters !== undefined) return { suggestion: sameLetters }
  // Older names (US/Eastern) are not in the list but are known everywhere. Offsets (+02:00) are no names.
  if (/^[A-Z][A-Za-z0-9_+/-]*$/.test(zone) && isKnown(zone)) return undefined
  return {}
}

function isKnown(zone: string): boolean {
  try {
    formatterOf(zone)
    return true
  } catch {
    return false
  }
}
