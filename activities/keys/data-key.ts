import { timingSafeEqual } from 'node:crypto'
import { Readable } from 'node:stream'
import { assert } from '../../core/assert.js'
import { HoldfastError } from '../../core/errors.js'
import { keysFolder } from '../../core/ids.js'
import { readSmallObject } from '../catalog/small-object.js'
import type { Destination } from '../destinations/driver.js'
import { KEY_BYTES } from './derive.js'
import type { Key, Wrapped } from './key.js'

const WRAP_FORMAT = 'holdfast.key/1'

/** Of which backup. */
export interface BackupPlace {
  readonly destination: Destination
  readonly plan: string
  readonly backupId: string
}

/**
 * Makes the data key of a backup and wraps it by each of the keys; what another attempt wrote before is used. The first key
 * decides: all attempts try it first, and only one of them can write under its name.
 */
export async function makeDataKey(
  place: BackupPlace,
  { keys, random }: { keys: readonly Key[]; random: (digits: number) => string },
  signal: AbortSignal,
): Promise<Buffer> {
  const [first, ...others] = keys
  assert(first, 'an encrypted plan without a key')
  const made = Buffer.from(random(2 * KEY_BYTES), 'hex')
  const dataKey = await wrappedBy(first, made, place, signal)
  for (const key of others) {
    const found = await wrappedBy(key, dataKey, place, signal)
    if (!timingSafeEqual(found, dataKey)) throw damaged(place, key)
  }
  return dataKey
}

/**
 * The data key of a backup, from its destination, by the first of the keys that it is wrapped by; undefined where it is
 * wrapped by none of them. Fails with `object.corrupt` when a wrap does not open.
 */
export async function findDataKey(
  place: BackupPlace,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  // Twice: who looks for the new key right before a rotation, and for the old one right after it, has seen neither.
  for (const key of keys.length > 1 ? [...keys, ...keys] : keys) {
    const dataKey = await readWrap(key, place, signal)
    if (dataKey) return dataKey
  }
  return undefined
}

/**
 * Wraps the data key of a backup by `to` instead of by `from`; false where `from` does not wrap it (any more). The new wrap
 * is written, read back and opened before the old one goes, so that one of them opens the backup at every moment, whenever
 * this ends. May run twice. Fails with `object.corrupt` when a wrap does not open, or opens to another data key; then the
 * old one stays.
 */
export async function rewrapDataKey(
  place: BackupPlace,
  { from, to }: { readonly from: Key; readonly to: Key },
  signal: AbortSignal,
): Promise<boolean> {
  const dataKey = await readWrap(from, place, signal)
  if (dataKey === undefined) return false
  const found = await wrappedBy(to, dataKey, place, signal)
  if (!timingSafeEqual(found, dataKey)) throw damaged(place, to)
  await place.destination.delete(wrapName(place, from), signal)
  return true
}

const wrapName = ({ plan, backupId }: BackupPlace, { id }: Key): string =>
  `${keysFolder(plan, backupId)}${id}.json`

const associatedDataOf = ({ backupId }: BackupPlace, { id }: Key): Buffer =>
  Buffer.from(JSON.stringify(['holdfast dek 1', backupId, id]))

/** What is wrapped by the key in the end: this data key, or that of an attempt that came first. */
async function wrappedBy(
  key: Key,
  dataKey: Buffer,
  place: BackupPlace,
  signal: AbortSignal,
): Promise<Buffer> {
  const before = await readWrap(key, place, signal)
  if (before) return before
  const text = wrapText(key, await key.wrap(dataKey, associatedDataOf(place, key)))
  try {
    await place.destination.put(wrapName(place, key), Readable.from([Buffer.from(text)]), { signal })
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'object.conflict') throw error
  }
  // Read back, whoever wrote it: what cannot be opened now could not be opened when it is needed.
  const found = await readWrap(key, place, signal)
  if (found) return found
  throw damaged(place, key)
}

async function readWrap(key: Key, place: BackupPlace, signal: AbortSignal): Promise<Buffer | undefined> {
  let bytes: Buffer
  try {
    bytes = await readSmallObject(place.destination, wrapName(place, key), signal)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.not-found') return undefined
    throw error
  }
  const wrapped = parseWrap(bytes)
  const dataKey = wrapped && (await key.unwrap(wrapped, associatedDataOf(place, key)))
  if (dataKey?.length !== KEY_BYTES) throw damaged(place, key)
  return dataKey
}

const wrapText = ({ id }: Key, { nonce, ciphertext }: Wrapped): string =>
  `${JSON.stringify({ format: WRAP_FORMAT, keyId: id, nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') })}\n`

function parseWrap(bytes: Buffer): Wrapped | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, unknown>> | null
    const { format, nonce, ciphertext } = value ?? {}
    if (format !== WRAP_FORMAT || typeof nonce !== 'string' || typeof ciphertext !== 'string')
      return undefined
    return { nonce: Buffer.from(nonce, 'base64'), ciphertext: Buffer.from(ciphertext, 'base64') }
  } catch {
    return undefined
  }
}

const damaged = (place: BackupPlace, key: Key): HoldfastError =>
  new HoldfastError(
    'object.corrupt',
    `Object ${wrapName(place, key)} at destination "${place.destination.name}" does not open with key "${key.name}": it was changed, or belongs to another backup.`,
    { hint: 'Use another key of the backup, or another backup. Look at who else can write there.' },
  )
