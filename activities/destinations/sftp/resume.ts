import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { chunksOf } from '../body.js'
import type { KnownBody, ResumableOptions } from '../driver.js'
import { TEMPORARY_FOLDER } from '../object-tree.js'
import { skipSame } from '../skip-same.js'
import { paced } from '../throttle.js'
import { SftpFailure, unlessAbsent } from './failure.js'
import { readPieces } from './read.js'
import type { SftpSession } from './session.js'
import { CLOSE_MS, openNew, requireTemporary, type Upload } from './store.js'
import { writeFrom, type OpenFile } from './write.js'

/** Of the name that all attempts of one upload share: no two uploads ever have the same. */
const STEM_DIGITS = 32
/** Another attempt is noticed before much is sent in vain. */
const LOOK_EVERY_BYTES = 8 * 2 ** 20

/**
 * Where an attempt writes. Attempts to store the same bytes under the same name share the beginning of their temporary
 * names, also in other processes; the rest is each one's own.
 */
export function resumableUpload(
  { root, objectName }: Pick<Upload, 'root' | 'objectName'>,
  known: KnownBody,
  own: string,
): Upload {
  const digest = createHash('sha256').update(JSON.stringify([objectName, known.bytes, known.sha256]))
  const name = `${digest.digest('hex').slice(0, STEM_DIGITS)}.${own}.tmp`
  return { root, objectName, temporary: posix.join(root, TEMPORARY_FOLDER, name) }
}

/**
 * The temporary file with all of the body, as `writeTemporary` makes it, from what an earlier attempt has left. That is read
 * back and compared with the body, byte for byte: a server that lost power may have kept the length of a file, not its bytes.
 *
 * An attempt that is still alive, given up by all but itself, loses its file to this one by a rename, which only one can win. It
 * notices at its next look, and has no name left to publish from. What it had on its way may still arrive in the file: as
 * it was sent under the same digest, these are the bytes that belong there.
 */
export async function writeResumable(
  session: SftpSession,
  upload: Upload,
  { body, known, throttles = {}, signal }: ResumableOptions & { body: Readable },
): Promise<void> {
  const left = await takeOver(session, upload.temporary, signal)
  const handle = left ?? (await openNew(session, upload, signal))
  const file = { session, handle }
  try {
    const end = left === undefined ? 0 : await trim(file, known.bytes, signal)
    const stored = paced(readPieces(file, { start: 0, end }, signal), throttles.download, signal)
    const { same, rest } = await skipSame(chunksOf(body, signal), stored)
    const isOurs = () => requireTemporary(session, upload, signal)
    const chunks = watched(paced(rest, throttles.upload, signal), isOurs)
    await writeFrom(file, { chunks, start: same }, signal)
  } finally {
    // The answer is not waited for: requests of one connection are carried out in their order.
    session.closeFile(handle, AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
  }
}

/** The longest of what was left, open and under our name; undefined where there is none that can be used. */
async function takeOver(
  session: SftpSession,
  temporary: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const folder = posix.dirname(temporary)
  const stem = `${posix.basename(temporary).slice(0, STEM_DIGITS)}.`
  const entries = (await unlessAbsent(session.readFolder(folder, signal))) ?? []
  const left = entries.filter(({ filename, attrs }) => filename.startsWith(stem) && attrs.isFile())
  const [longest] = left.sort((one, other) => other.attrs.size - one.attrs.size)
  if (longest === undefined) return undefined
  try {
    await session.rename(posix.join(folder, longest.filename), temporary, signal)
    return await session.open(temporary, 'r+', signal)
  } catch (error) {
    // Another attempt was quicker, or the server does not let us: from the beginning, then.
    if (!(error instanceof SftpFailure)) throw error
    await session.unlink(temporary, signal).catch(() => undefined)
    return undefined
  }
}

/** Its length, at most `bytes`. It counts as changed now: no sweep takes it for what a dead writer left. */
async function trim({ session, handle }: OpenFile, bytes: number, signal: AbortSignal): Promise<number> {
  const { size } = await session.statFile(handle, signal)
  const kept = Math.min(size, bytes)
  try {
    await session.resize(handle, kept, signal)
  } catch (error) {
    // Not every server can: then only a file that is too long, which none of ours is, cannot be used.
    if (!(error instanceof SftpFailure) || size > bytes) throw error
  }
  return kept
}

/** Looks now and then, and once more at the end, whether another attempt has taken the file. */
async function* watched(
  chunks: AsyncIterable<Buffer>,
  look: () => Promise<void>,
): AsyncGenerator<Buffer, void, undefined> {
  let sinceLook = 0
  for await (const chunk of chunks) {
    yield chunk
    sinceLook += chunk.length
    if (sinceLook < LOOK_EVERY_BYTES) continue
    await look()
    sinceLook = 0
  }
  await look()
}
