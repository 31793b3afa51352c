import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { StoredObject } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { Destination } from '../destinations/driver.js'
import type { ObjectReader } from '../sources/driver.js'

/** What is wrong with the object by its size alone: quick, reads nothing. Undefined: it is there, and as long as it was. */
export async function sizeProblem(
  destination: Destination,
  folder: string,
  { name, storedBytes }: StoredObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await destination.stat(`${folder}${name}`, signal)
  if (!found) return `${name} is missing.`
  return found.bytes === storedBytes
    ? undefined
    : `${name} has ${found.bytes} bytes instead of ${storedBytes}.`
}

/** What is wrong with the object: reads every byte of it. Undefined: all of them are as they were recorded. */
export async function contentProblem(
  reader: ObjectReader,
  object: StoredObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    await pipeline(reader.open(object), nowhere, { signal })
    return undefined
  } catch (error) {
    if (!(error instanceof HoldfastError) || !DAMAGE.has(error.code)) throw error
    return error.message.includes(object.name) ? error.message : `${object.name}: ${error.message}`
  }
}

/** Other failures say nothing about the object: the network may be down. */
const DAMAGE: ReadonlySet<string> = new Set(['object.corrupt', 'object.not-found'])
