import type { RuntimeFacts } from '../../core/doctor/this-host.js'

/** What Holdfast itself runs on, and whether it knows these time zones. */
export async function runtimeFacts(zones: readonly string[]): Promise<RuntimeFacts> {
  const { node, tz: zoneData, zstd } = process.versions as Readonly<Record<string, string | undefined>>
  return {
    node: node ?? '',
    // Node has its own since 22.15.
    zstd: zstd === undefined ? 'a library beside it' : `${zstd}, Node’s own`,
    ...(zoneData === undefined ? {} : { zoneData }),
    unknownZones: zones.filter((zone) => !isKnown(zone)),
  }
}

function isKnown(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
