import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { HoldfastError } from '../core/errors.js'
import type { DestinationTrial } from '../core/work/catalog.js'
import type { QuestionActivities } from './activities.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** More than one part of a store that takes large objects in parts. */
const BLOCKS = 272
const BLOCK_BYTES = 64 * 1024
const RANGE = { offset: 5 * BLOCK_BYTES + 100, length: 1000 }
/** Stores tell the time of an object in whole seconds. */
const CLOCK_GRAIN_MS = 1000
/** A store that does not even delete within this time is not waited for. */
const CLEANUP_MS = 15_000
const NAME_DIGITS = 16

type TrialTools = Pick<Tools, 'destination' | 'clock' | 'random' | 'site'>

export const tryDestinationActivities = (tools: Tools): Pick<QuestionActivities, 'tryDestination'> => ({
  tryDestination: (input) => withHeartbeat((signal) => tryDestination(tools, input.destination, signal)),
})

/** Tries all that a backup needs of a destination. Nothing is left behind. */
export async function tryDestination(
  tools: TrialTools,
  name: string,
  signal: AbortSignal,
): Promise<DestinationTrial> {
  const destination = await tools.destination(name, signal)
  const objectName = `probes/${tools.random(NAME_DIGITS)}`
  try {
    const written = await write(tools, destination, objectName, signal)
    await requireListed(destination, objectName, written.bytes, signal)
    const begun = tools.clock().getTime()
    const digest = await digestOf(await destination.get(objectName, { signal }))
    const readMs = tools.clock().getTime() - begun
    const part = await destination.get(objectName, { signal, range: RANGE })
    if (digest !== written.digest || (await digestOf(part)) !== written.rangeDigest)
      throw wrong(destination, 'does not give back what was written to it')
    await destination.delete(objectName, signal)
    if (await destination.stat(objectName, signal)) throw wrong(destination, 'still has what was removed')
    const freeBytes = await destination.freeBytes(signal)
    return {
      destination: name,
      host: tools.site.host,
      bytes: written.bytes,
      writeMs: written.writeMs,
      readMs,
      clockDifferenceMs: written.clockDifferenceMs,
      ...(freeBytes === undefined ? {} : { freeBytes }),
    }
  } finally {
    // Also when we were cancelled in between: it must not stay.
    await destination.delete(objectName, AbortSignal.timeout(CLEANUP_MS)).catch(() => undefined)
  }
}

async function write(
  { clock, random }: TrialTools,
  destination: Destination,
  objectName: string,
  signal: AbortSignal,
) {
  const block = Buffer.from(random(BLOCK_BYTES))
  const whole = createHash('sha256')
  const blocks = Readable.from(numbered(block, (piece) => whole.update(piece)))
  const before = clock().getTime()
  const { bytes } = await destination.put(objectName, blocks, { signal })
  const after = clock().getTime()
  const found = await destination.stat(objectName, signal)
  if (found?.bytes !== bytes || bytes !== BLOCKS * BLOCK_BYTES)
    throw wrong(destination, 'does not have all of what was written to it')
  const part = block.subarray(RANGE.offset % BLOCK_BYTES, (RANGE.offset % BLOCK_BYTES) + RANGE.length)
  return {
    bytes,
    writeMs: after - before,
    digest: whole.digest('hex'),
    rangeDigest: createHash('sha256').update(part).digest('hex'),
    clockDifferenceMs: differenceOf(found.modifiedAt.getTime(), before, after),
  }
}

/** Blocks that differ in their number only: exchanged ones are noticed. */
function* numbered(block: Buffer, seen: (piece: Buffer) => void): Generator<Buffer> {
  for (let number = 0; number < BLOCKS; number++) {
    const piece = Buffer.from(block)
    piece.writeUInt32BE(number)
    seen(piece)
    yield piece
  }
}

async function requireListed(
  destination: Destination,
  objectName: string,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const found of destination.list(objectName, signal))
    if (found.name === objectName && found.bytes === bytes) return
  throw wrong(destination, 'does not list what was written to it')
}

async function digestOf(body: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

/** The object was written between `before` and `after`: what the store says beyond that is a difference of clocks. */
function differenceOf(told: number, before: number, after: number): number {
  if (told < before - CLOCK_GRAIN_MS) return told - before
  return told > after + CLOCK_GRAIN_MS ? told - after : 0
}

const wrong = ({ name }: Destination, what: string): HoldfastError =>
  new HoldfastError('destination.unavailable', `Destination "${name}" ${what}.`, {
    hint: 'Look at the disk, the mount or the store before you trust it with backups.',
  })
