import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import { parseRate } from '../../core/units.js'
import type { Destination, Throttles } from './driver.js'
import { markerOf, writeMarker, type Marker } from './marker.js'
import type { DestinationType } from '../../schemas/destinations.js'
import {
  createDestinationKinds,
  type DestinationKind,
  type DestinationKinds,
  type DriverWorld,
} from './registry.js'
import { createThrottle, throttled } from './throttle.js'
import { createRememberedPlaces, type RememberedPlaces } from './remembered-places.js'

/** What the world must give to tell one place from another. */
export interface PlaceWorld extends DriverWorld {
  readonly site: Pick<Site, 'destinations' | 'stateDir'>
}

/**
 * Opens destinations by their names in holdfast.yaml. A place is marked at its first use, and its mark is remembered: a
 * folder whose disk is not mounted is refused instead of filled a second time. Fails with `destination.not-found`,
 * `destination.not-mounted`, `destination.version`, and what the driver fails with.
 */
export function createDestinations(
  world: PlaceWorld,
): (name: string, signal: AbortSignal) => Promise<Destination> {
  const remembered = createRememberedPlaces(world.site.stateDir)
  const kinds = createDestinationKinds(world)
  const throttles = throttlesOf(world)
  return async (name, signal) => {
    const settings = world.site.destinations[name]
    if (!settings) throw unknown(name, world.site)
    const kind = kindOf(kinds, settings.type)
    const location = kind.location(settings)
    const known = await remembered.read(location)
    if (known === undefined) await kind.create(name, settings, signal)
    const destination = throttled(kind.open(name, settings), throttles.get(name) ?? {})
    const marker = await markerOf(destination, signal)
    if (known === undefined) {
      await meet({ destination, location, marker, remembered, world, signal })
    } else if (marker?.id !== known) {
      throw otherPlace({ name, location, marker, file: remembered.fileOf(location) })
    }
    return destination
  }
}

/** Once for each process: all that it writes to one destination, or reads from it, shares one rate. */
function throttlesOf({ site, clock }: PlaceWorld): ReadonlyMap<string, Throttles> {
  const world = { clock, sleep: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }) }
  const throttle = (rate: string) => createThrottle(parseRate(rate), world)
  return new Map(
    Object.entries(site.destinations).map(([name, { limits: { upload, download } = {} }]) => [
      name,
      {
        ...(upload === undefined ? {} : { upload: throttle(upload) }),
        ...(download === undefined ? {} : { download: throttle(download) }),
      },
    ]),
  )
}

/** The registry maps each type to its driver; the compiler cannot carry that through a variable. */
const kindOf = (kinds: DestinationKinds, type: DestinationType) =>
  kinds[type] as DestinationKind<DestinationType>

const unknown = (name: string, site: PlaceWorld['site']): HoldfastError => {
  const names = Object.keys(site.destinations)
  return new HoldfastError('destination.not-found', `There is no destination "${name}" in holdfast.yaml.`, {
    hint: names.length > 0 ? `It has: ${names.join(', ')}.` : 'Add it under `destinations:`.',
  })
}

/** First use by this host: others may use the place already, then it has a mark. */
async function meet(place: {
  destination: Destination
  location: string
  marker: Marker | undefined
  remembered: RememberedPlaces
  world: PlaceWorld
  signal: AbortSignal
}): Promise<void> {
  const { destination, location, remembered, world, signal } = place
  const marker = place.marker ?? (await writeMarker(destination, world, signal))
  await remembered.write(location, { id: marker.id, name: destination.name })
}

function otherPlace(found: {
  name: string
  location: string
  marker: Marker | undefined
  file: string
}): HoldfastError {
  const what = found.marker ? 'is marked as another place than before' : 'has lost its marker holdfast.json'
  return new HoldfastError(
    'destination.not-mounted',
    `Destination "${found.name}" (${found.location}) ${what}.`,
    {
      hint: `Is its disk mounted? Nothing was written. If the place was changed on purpose, accept it by: rm '${found.file}'`,
    },
  )
}
