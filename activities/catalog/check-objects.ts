import type { Readable } from 'node:stream'
import type { StoredObject } from '../../core/backup.js'
import { HoldfastError, type ErrorCode } from '../../core/errors.js'
import type { Destination } from '../destinations/driver.js'
import { Digest } from '../pipeline/digest.js'
import { drain } from '../pipeline/drain.js'
import type { ObjectReader } from '../sources/driver.js'

/** What is wrong with the object by its size alone: quick, reads nothing. Undefined: it is there, and as long as it was. */
export async function sizeProblem(
  destination: Destination,
  folder: string,
  { name, storedBytes }: Pick<StoredObject, 'name' | 'storedBytes'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await destination.stat(`${folder}${name}`, signal)
  if (!found) return `${name} is missing.`
  return found.bytes === storedBytes
    ? undefined
    : `${name} has ${found.bytes} bytes instead of ${storedBytes}.`
}

/** What is wrong with the object: reads every byte of it. Undefined: all of them are as they were recorded. */
export const contentProblem = (
  reader: ObjectReader,
  object: StoredObject,
  signal: AbortSignal,
): Promise<string | undefined> => damageFound(object, () => drain(reader.open(object), signal))

/** As `contentProblem`, of the stored bytes alone: nothing is decompressed. */
export const storedProblem = (
  destination: Destination,
  folder: string,
  object: StoredObject,
  signal: AbortSignal,
): Promise<string | undefined> =>
  damageFound(object, async () => {
    const digest = new Digest()
    const body: Readable = await destination.get(`${folder}${object.name}`, { signal })
    for await (const _ of digest.through(body as AsyncIterable<Buffer>)) signal.throwIfAborted()
    if (digest.bytes === object.storedBytes && digest.sha256() === object.storedSha256) return
    throw new HoldfastError(
      'object.corrupt',
      `${object.name}: its stored bytes are not as they were recorded.`,
    )
  })

/** What `look` found to be wrong with the object, in a sentence that names it. */
export async function damageFound(
  object: StoredObject,
  look: () => Promise<void>,
): Promise<string | undefined> {
  try {
    await look()
    return undefined
  } catch (error) {
    if (!(error instanceof HoldfastError) || !isDamage(error.code)) throw error
    return error.message.includes(object.name) ? error.message : `${object.name}: ${error.message}`
  }
}

/** Other failures say nothing about the object: the network may be down. */
const DAMAGE: ReadonlySet<string> = new Set([
  'object.corrupt',
  'object.not-found',
  'source.damaged',
  'archive.hostile',
])

/** Whether a failure of this code says that something is wrong with the object. */
export const isDamage = (code: ErrorCode): boolean => DAMAGE.has(code)
