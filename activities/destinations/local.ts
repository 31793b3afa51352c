import { mkdir, open, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import { syncFolder } from '../durable-file.js'
import { BodyFailure } from './body.js'
import type { Destination, DestinationDriver, ObjectInfo } from './driver.js'
import { explainFile, hasCode, isAbsence, notMounted } from './local-failure.js'
import { haveSameBytes, writeNew } from './local-file.js'
import { linkOrRename, makeFolders, removeEmptyFolders, sweep } from './local-folders.js'
import { conflict, notFound } from './object-failure.js'
import { folderReader, infoOf } from './local-list.js'
import { requireObjectName } from './object-names.js'
import { TEMPORARY_FOLDER, objectsBelow } from './object-tree.js'

const READ_CHUNK_BYTES = 1024 * 1024
/** Random digits of temporary names: two writers never meet. */
const RANDOM_DIGITS = 16

/**
 * A folder of this host, also on a network mount. An object is written under a temporary name, made durable, and only then
 * linked to its own: a crash at any moment leaves either all of it or nothing under a final name.
 * `random`: hex digits for temporary names.
 */
export const local =
  (random: (digits: number) => string): DestinationDriver<'local'> =>
  (name, { path }) =>
    new LocalDestination(name, path, random)

class LocalDestination implements Destination {
  readonly name: string
  readonly #root: string
  readonly #random: (digits: number) => string
  #isSwept = false

  constructor(name: string, root: string, random: (digits: number) => string) {
    this.name = name
    this.#root = root
    this.#random = random
  }

  async put(
    objectName: string,
    body: Readable,
    { signal }: { signal: AbortSignal },
  ): Promise<{ bytes: number }> {
    const temporary = join(this.#root, TEMPORARY_FOLDER, `${this.#random(RANDOM_DIGITS)}.tmp`)
    try {
      const path = this.#pathOf(objectName)
      await this.#requireRoot()
      await makeFolders(this.#root, TEMPORARY_FOLDER)
      const bytes = await writeNew(temporary, body, signal)
      if (!this.#isSwept) await sweep(temporary)
      this.#isSwept = true
      await this.#publish(temporary, path, objectName)
      return { bytes }
    } catch (error) {
      if (error instanceof BodyFailure) throw error.cause
      throw this.#explained(error, `write object "${objectName}" to`)
    } finally {
      body.destroy()
      await unlink(temporary).catch(() => undefined)
    }
  }

  async get(
    objectName: string,
    { signal, range }: { signal: AbortSignal; range?: { offset: number; length: number } },
  ): Promise<Readable> {
    const found = await this.stat(objectName, signal)
    if (!found) throw notFound(objectName, this.name)
    try {
      const file = await open(this.#pathOf(objectName), 'r')
      return file.createReadStream({
        signal,
        highWaterMark: READ_CHUNK_BYTES,
        ...(range && { start: range.offset, end: range.offset + range.length - 1 }),
      })
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw notFound(objectName, this.name)
      throw this.#explained(error, `read object "${objectName}" of`)
    }
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    await this.#requireRoot()
    try {
      yield* objectsBelow(folderReader(this.#root), prefix, signal)
    } catch (error) {
      throw this.#explained(error, 'list the objects of')
    }
  }

  async stat(objectName: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    signal.throwIfAborted()
    const path = this.#pathOf(objectName)
    try {
      const found = await stat(path)
      return found.isFile() ? infoOf(objectName, found) : undefined
    } catch (error) {
      if (!isAbsence(error)) throw this.#explained(error, `read object "${objectName}" of`)
      await this.#requireRoot()
      return undefined
    }
  }

  async delete(objectName: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const path = this.#pathOf(objectName)
    await this.#requireRoot()
    try {
      await unlink(path)
      await syncFolder(dirname(path))
      await removeEmptyFolders(this.#root, dirname(objectName))
    } catch (error) {
      if (isAbsence(error)) return
      throw this.#explained(error, `delete object "${objectName}" of`)
    }
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    signal.throwIfAborted()
    try {
      const { bavail, bsize } = await statfs(this.#root)
      return bavail * bsize
    } catch (error) {
      throw this.#explained(error, 'measure the free space of')
    }
  }

  /**
   * Gives the finished file its final name, without ever replacing one: `link` fails where the name is taken.
   * Tried twice, since a deletion may remove the empty folder between our making and our using it.
   */
  async #publish(temporary: string, path: string, objectName: string): Promise<void> {
    for (let isLast = false; ; isLast = true) {
      try {
        await makeFolders(this.#root, dirname(objectName))
        await linkOrRename(temporary, path)
        break
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return this.#requireSame(temporary, path, objectName)
        if (!hasCode(error, 'ENOENT') || isLast) throw error
      }
    }
    await syncFolder(dirname(path))
  }

  async #requireSame(temporary: string, path: string, objectName: string): Promise<void> {
    if (await haveSameBytes(temporary, path)) return
    throw conflict(objectName, this.name)
  }

  #pathOf(objectName: string): string {
    requireObjectName(objectName)
    return join(this.#root, objectName)
  }

  async #requireRoot(): Promise<void> {
    const found = await stat(this.#root).catch((error: unknown) => {
      throw this.#explained(error, 'open')
    })
    if (found.isDirectory()) return
    throw new HoldfastError(
      'destination.unavailable',
      `Destination "${this.name}": ${this.#root} is no folder.`,
      {
        hint: `Correct destinations.${this.name}.path in holdfast.yaml.`,
      },
    )
  }

  #explained(error: unknown, doing: string): unknown {
    return explainFile(error, { destination: this.name, root: this.#root, doing })
  }
}

/** Makes the folder of a place that was never used. The one above it must be there: it is where a disk is mounted. */
export async function createLocalPlace(name: string, path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
    await syncFolder(dirname(path))
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (hasCode(error, 'ENOENT')) throw notMounted(name, dirname(path), error)
    throw explainFile(error, { destination: name, root: path, doing: 'create the folder of' })
  }
}
