import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { Destination } from '../destinations/driver.js'

/** Manifests are the largest: a thousand names per source and the text of a plan stay far below it. */
const MAX_BYTES = 32 * 2 ** 20

/** As `readSmallObject`, as text; undefined where there is none. */
export async function readSmallText(
  destination: Destination,
  objectName: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await readSmallObject(destination, objectName, signal)).toString('utf8')
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.not-found') return undefined
    throw error
  }
}

/** Whole content of an object of ours that is small by its nature. Fails with `object.corrupt` when it is not. */
export async function readSmallObject(
  destination: Destination,
  objectName: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const body: Readable = await destination.get(objectName, { signal })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES)
      throw new HoldfastError(
        'object.corrupt',
        `Object ${objectName} at destination "${destination.name}" is larger than it can be.`,
        { hint: 'Something else wrote it. Move it away, and look at who can write there.' },
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
