import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { SftpDestination as Settings } from '../../schemas/sftp-destination.js'
import { withBody } from './body.js'
import type { Destination, DestinationDriver, ObjectInfo, ResumableOptions } from './driver.js'
import { requireSame, type Written } from './existing-object.js'
import { notFound } from './object-failure.js'
import { requireObjectName } from './object-names.js'
import { TEMPORARY_FOLDER, objectsBelow } from './object-tree.js'
import { isWorthKeeping } from './put-known.js'
import { serverOf } from './sftp/connect.js'
import { SftpFailure, explainSftp, unlessAbsent } from './sftp/failure.js'
import { folderReader, infoOf, removeEmptyFolders, sweep } from './sftp/folders.js'
import type { SftpWorld } from './sftp/place.js'
import type { SessionLease } from './sftp/pool.js'
import { openObject } from './sftp/read.js'
import { resumableUpload, writeResumable } from './sftp/resume.js'
import type { SftpSession } from './sftp/session.js'
import { publishTemporary, writeTemporary, type Upload } from './sftp/store.js'

/** Random digits of temporary names: two writers never meet. */
const RANDOM_DIGITS = 16
/** What is left after a failure is removed within this time, or by the next sweep. */
const CLEANUP_MS = 5000

/**
 * A folder of a server, over SFTP. An object is written under a temporary name, brought to the disk where the server offers
 * that, and only then given its own: a connection that is cut at any moment leaves all of it or nothing under a final name.
 */
export const sftp =
  (world: SftpWorld): DestinationDriver<'sftp'> =>
  (name, settings) =>
    new SftpDestination(name, settings, world)

class SftpDestination implements Destination {
  readonly name: string
  readonly #settings: Settings
  readonly #world: SftpWorld
  #isSwept = false

  constructor(name: string, settings: Settings, world: SftpWorld) {
    this.name = name
    this.#settings = settings
    this.#world = world
  }

  put(objectName: string, body: Readable, { signal }: { signal: AbortSignal }): Promise<{ bytes: number }> {
    return withBody(body, () => {
      requireObjectName(objectName)
      return this.#use(signal, `write object "${objectName}" to`, (session) => {
        const root = this.#settings.path
        const name = `${this.#world.random(RANDOM_DIGITS)}.tmp`
        const upload = { root, objectName, temporary: posix.join(root, TEMPORARY_FOLDER, name) }
        const write = () => writeTemporary(session, upload, { body, signal })
        return this.#store(session, upload, { write, isKept: () => false }, signal)
      })
    })
  }

  putResumable(objectName: string, body: Readable, options: ResumableOptions): Promise<{ bytes: number }> {
    const { known, signal } = options
    return withBody(body, () => {
      const path = this.#pathOf(objectName)
      return this.#use(signal, `write object "${objectName}" to`, async (session) => {
        if (await unlessAbsent(session.stat(path, signal))) {
          await requireSame(this, { objectName, written: known }, signal)
          return { bytes: known.bytes }
        }
        const own = this.#world.random(RANDOM_DIGITS)
        const upload = resumableUpload({ root: this.#settings.path, objectName }, known, own)
        const write = async () => {
          await writeResumable(session, upload, { ...options, body })
          return known
        }
        return this.#store(session, upload, { write, isKept: isWorthKeeping }, signal)
      })
    })
  }

  async get(
    objectName: string,
    { signal, range }: { signal: AbortSignal; range?: { offset: number; length: number } },
  ): Promise<Readable> {
    const path = this.#pathOf(objectName)
    const lease = await this.#connect(signal)
    try {
      const stream = await openObject(lease, { path, ...(range && { range }) }, signal)
      if (stream) return stream
      await this.#requireRoot(lease.session, signal)
      throw notFound(objectName, this.name)
    } catch (error) {
      lease.release()
      throw await this.#explained(lease.session, error, `read object "${objectName}" of`)
    }
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    const { session, release } = await this.#connect(signal)
    try {
      await this.#requireRoot(session, signal)
      yield* objectsBelow(folderReader(session, this.#settings.path, signal), prefix, signal)
    } catch (error) {
      throw await this.#explained(session, error, 'list the objects of')
    } finally {
      release()
    }
  }

  async stat(objectName: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const path = this.#pathOf(objectName)
    return this.#use(signal, `read object "${objectName}" of`, async (session) => {
      const found = await unlessAbsent(session.stat(path, signal))
      if (found) return found.isFile() ? infoOf(objectName, found) : undefined
      await this.#requireRoot(session, signal)
      return undefined
    })
  }

  async delete(objectName: string, signal: AbortSignal): Promise<void> {
    const path = this.#pathOf(objectName)
    await this.#use(signal, `delete object "${objectName}" of`, async (session) => {
      await unlessAbsent(session.unlink(path, signal))
      await this.#requireRoot(session, signal)
      const folder = { root: this.#settings.path, relative: posix.dirname(objectName) }
      await removeEmptyFolders(session, folder, signal)
    })
  }

  freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#use(signal, 'measure the free space of', async (session) => {
      const filesystem = await session.filesystem(this.#settings.path, signal)
      return filesystem?.freeBytes
    })
  }

  async #store(
    session: SftpSession,
    upload: Upload,
    { write, isKept }: { write: () => Promise<Written>; isKept: (failure: unknown) => boolean },
    signal: AbortSignal,
  ): Promise<{ bytes: number }> {
    const { objectName, temporary } = upload
    let isLeft = false
    try {
      const written = await write()
      if (!this.#isSwept) await sweep(session, temporary, signal)
      this.#isSwept = true
      const outcome = await publishTemporary(session, upload, signal)
      if (outcome === 'taken') await requireSame(this, { objectName, written }, signal)
      return { bytes: written.bytes }
    } catch (error) {
      // Before the temporary file goes: afterwards a full disk would look like one with room.
      const failure = await this.#explained(session, error, `write object "${objectName}" to`)
      isLeft = isKept(failure)
      throw failure
    } finally {
      if (!isLeft) await session.unlink(temporary, AbortSignal.timeout(CLEANUP_MS)).catch(() => undefined)
    }
  }

  async #use<T>(signal: AbortSignal, doing: string, work: (session: SftpSession) => Promise<T>): Promise<T> {
    const { session, release } = await this.#connect(signal)
    try {
      return await work(session)
    } catch (error) {
      throw await this.#explained(session, error, doing)
    } finally {
      release()
    }
  }

  #connect(signal: AbortSignal): Promise<SessionLease> {
    return this.#world.connect({ name: this.name, settings: this.#settings }, signal)
  }

  #pathOf(objectName: string): string {
    requireObjectName(objectName)
    return posix.join(this.#settings.path, objectName)
  }

  /** Fails with `destination.not-mounted`, once its answer was explained, and for what is no folder. */
  async #requireRoot(session: SftpSession, signal: AbortSignal): Promise<void> {
    const found = await session.stat(this.#settings.path, signal)
    if (found.isDirectory()) return
    throw new HoldfastError(
      'destination.unavailable',
      `Destination "${this.name}": ${this.#settings.path} is no folder on the server.`,
      { hint: `Correct destinations.${this.name}.path in holdfast.yaml.` },
    )
  }

  async #explained(session: SftpSession, error: unknown, doing: string): Promise<unknown> {
    if (!(error instanceof SftpFailure)) return error
    const { path: folder } = this.#settings
    const filesystem = await session
      .filesystem(folder, AbortSignal.timeout(CLEANUP_MS))
      .catch(() => undefined)
    const place = `${serverOf(this.#settings)} ${folder}`
    return explainSftp(error, { destination: this.name, place, folder, doing, filesystem })
  }
}
