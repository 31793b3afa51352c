import { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { Destination } from './driver.js'

/** Marks a place as ours: written once, at its first use. */
export interface Marker {
  readonly format: string
  readonly id: string
  /** ISO. */
  readonly createdAt: string
}

export const MARKER_NAME = 'holdfast.json'
const MARKER_FORMAT = 'holdfast.place'
const MARKER_VERSION = 1
const ID_DIGITS = 32
/** A marker has some hundred bytes; more is not one. */
const MAX_MARKER_BYTES = 64 * 1024

/** Fails with `destination.version` for a place of a newer major version, and for a marker that is none. */
export async function markerOf(destination: Destination, signal: AbortSignal): Promise<Marker | undefined> {
  const found = await destination.stat(MARKER_NAME, signal)
  if (!found) return undefined
  const marker = parse(await readText(destination, signal))
  const version = marker && /^holdfast\.place\/(\d+)$/.exec(marker.format)?.[1]
  if (!marker || version === undefined) {
    throw new HoldfastError(
      'destination.version',
      `Destination "${destination.name}": its ${MARKER_NAME} cannot be understood.`,
      { hint: 'Look at the file: was it written by something else, or damaged?' },
    )
  }
  if (Number(version) <= MARKER_VERSION) return marker
  throw new HoldfastError(
    'destination.version',
    `Destination "${destination.name}" has format ${version}; this Holdfast knows up to ${MARKER_VERSION}.`,
    { hint: 'Update Holdfast on this host.' },
  )
}

/** Marks the place. When another host was quicker, its mark counts. */
export async function writeMarker(
  destination: Destination,
  world: { clock: () => Date; random: (digits: number) => string },
  signal: AbortSignal,
): Promise<Marker> {
  const marker: Marker = {
    format: `${MARKER_FORMAT}/${MARKER_VERSION}`,
    id: world.random(ID_DIGITS),
    createdAt: world.clock().toISOString(),
  }
  try {
    await destination.put(MARKER_NAME, Readable.from([Buffer.from(`${JSON.stringify(marker, null, 2)}\n`)]), {
      signal,
    })
    return marker
  } catch (error) {
    const isTaken = error instanceof HoldfastError && error.code === 'object.conflict'
    const theirs = isTaken ? await markerOf(destination, signal) : undefined
    if (!theirs) throw error
    return theirs
  }
}

async function readText(destination: Destination, signal: AbortSignal): Promise<string> {
  const range = { offset: 0, length: MAX_MARKER_BYTES }
  const chunks: Buffer[] = []
  const body = await destination.get(MARKER_NAME, { signal, range })
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): Marker | undefined {
  try {
    const value = JSON.parse(text) as Partial<Marker> | null
    const isMarker = typeof value?.format === 'string' && typeof value.id === 'string'
    return isMarker ? (value as Marker) : undefined
  } catch {
    return undefined
  }
}
