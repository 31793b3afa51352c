import { createCipheriv, createDecipheriv } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HoldfastError } from '../../core/errors.js'
import { SPOOL_RESERVE_BYTES, spoolRoom } from '../../core/spool.js'
import { formatBytes } from '../../core/units.js'
import { BodyFailure, chunksOf } from '../destinations/body.js'
import { hasCode } from '../destinations/local-failure.js'
import { identityOf, isAlive } from '../services/process-identity.js'
import type { Spool } from './spool.js'

/** Others write to the disk, too: it is asked again after so much. */
const ASK_DISK_EVERY_BYTES = 32 * 2 ** 20
const READ_CHUNK_BYTES = 2 ** 20
const KEY_BYTES = 32
/** Every object has a key of its own, so that all may begin to count at 0. */
const COUNTER = Buffer.alloc(16)
const NAME_DIGITS = 16

export interface SpoolWorld {
  readonly stateDir: string
  /** `limits.spool`; left out: what the disk has. */
  readonly limitBytes?: number
  /** Hex digits that nobody can foresee. */
  readonly random: (digits: number) => string
  /** Of the disk that holds the folder. Default: as the system says it. */
  readonly freeBytes?: (folder: string) => Promise<number>
  readonly reserveBytes?: number
}

/** Touches nothing before the first object. Not synced to the disk: after a power cut there is no key for it anyway. */
export const createSpool = (world: SpoolWorld): Spool => new FileSpool(world)

interface SpooledObject {
  readonly path: string
  readonly key: Buffer
  bytes: number
}

class FileSpool implements Spool {
  readonly #world: Required<Omit<SpoolWorld, 'limitBytes'>> & Pick<SpoolWorld, 'limitBytes'>
  readonly #objects = new Map<string, SpooledObject>()
  #usedBytes = 0
  #folder: Promise<string> | undefined

  constructor(world: SpoolWorld) {
    this.#world = { freeBytes: freeOf, reserveBytes: SPOOL_RESERVE_BYTES, ...world }
  }

  async roomBytes(): Promise<number> {
    const { stateDir, limitBytes, reserveBytes } = this.#world
    const freeBytes = await this.#world.freeBytes(stateDir)
    const limit = limitBytes === undefined ? {} : { limitBytes }
    return spoolRoom({ freeBytes, usedBytes: this.#usedBytes, reserveBytes, ...limit })
  }

  async put(
    objectName: string,
    body: Readable,
    { signal }: { signal: AbortSignal },
  ): Promise<{ bytes: number }> {
    await this.delete(objectName)
    const { random } = this.#world
    let object: SpooledObject | undefined
    try {
      const path = join(await this.#ownFolder(), random(NAME_DIGITS))
      object = { path, key: Buffer.from(random(2 * KEY_BYTES), 'hex'), bytes: 0 }
      const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
      await pipeline(this.#encrypted(chunksOf(body, signal), object), file)
      this.#objects.set(objectName, object)
      return { bytes: object.bytes }
    } catch (error) {
      if (object) await this.#forget(object)
      throw error instanceof BodyFailure ? error.cause : this.#explained(error)
    } finally {
      body.destroy()
    }
  }

  async *#encrypted(
    chunks: AsyncIterable<Buffer>,
    object: SpooledObject,
  ): AsyncGenerator<Buffer, void, undefined> {
    const cipher = createCipheriv('aes-256-ctr', object.key, COUNTER)
    let room = 0
    let askAt = 0
    for await (const chunk of chunks) {
      if (chunk.length > room || object.bytes >= askAt) {
        room = await this.roomBytes()
        askAt = object.bytes + ASK_DISK_EVERY_BYTES
      }
      if (chunk.length > Math.min(room, this.#limitLeft())) throw this.#full()
      room -= chunk.length
      object.bytes += chunk.length
      this.#usedBytes += chunk.length
      yield cipher.update(chunk)
    }
  }

  read(objectName: string): AsyncIterable<Buffer> | undefined {
    const object = this.#objects.get(objectName)
    return object && decrypted(object, objectName)
  }

  async delete(objectName: string): Promise<void> {
    const object = this.#objects.get(objectName)
    if (!object) return
    this.#objects.delete(objectName)
    await this.#forget(object)
  }

  async discard(prefix: string): Promise<void> {
    const names = [...this.#objects.keys()].filter((name) => name.startsWith(prefix))
    for (const name of names) await this.delete(name)
  }

  async sweep(): Promise<void> {
    const root = this.#root()
    const names = await readdir(root).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    })
    for (const name of names) {
      const [, pid, startTime] = /^(\d+)-(\d*)$/.exec(name) ?? []
      if (pid === undefined || startTime === undefined) continue
      if (!(await isAlive({ pid: Number(pid), startTime }))) await rm(join(root, name), { recursive: true })
    }
  }

  async close(): Promise<void> {
    this.#objects.clear()
    this.#usedBytes = 0
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }

  async #forget({ path, bytes }: SpooledObject): Promise<void> {
    await rm(path, { force: true })
    this.#usedBytes -= bytes
  }

  /** Bears the identity of this process: the next one can tell that nobody has its keys any more. */
  async #ownFolder(): Promise<string> {
    this.#folder ??= identityOf(process.pid).then(async ({ pid, startTime }) => {
      const folder = join(this.#root(), `${pid}-${startTime}`)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return folder
    })
    // One that failed is tried again: the disk may be back.
    this.#folder.catch(() => (this.#folder = undefined))
    return this.#folder
  }

  /** Others take from it at the same time. */
  #limitLeft(): number {
    return (this.#world.limitBytes ?? Infinity) - this.#usedBytes
  }

  #root(): string {
    return join(this.#world.stateDir, 'spool')
  }

  #explained(error: unknown): unknown {
    if (hasCode(error, 'ENOSPC', 'EDQUOT')) return this.#full(error)
    const code = (error as NodeJS.ErrnoException | undefined)?.code
    if (error instanceof HoldfastError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error
    return new HoldfastError('spool.failed', `The spool in ${this.#root()} cannot be written: ${code}.`, {
      hint: 'Check that the disk of stateDir works, and that the user of the worker may write there.',
      cause: error,
    })
  }

  #full(cause?: unknown): HoldfastError {
    const { limitBytes } = this.#world
    const limit = limitBytes === undefined ? 'no limit is set' : `limits.spool is ${formatBytes(limitBytes)}`
    return new HoldfastError('spool.full', `The spool in ${this.#root()} is full (${limit}).`, {
      hint: 'Raise `limits.spool` in holdfast.yaml, or make room on the disk of `stateDir`.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

async function* decrypted(
  { path, key }: SpooledObject,
  objectName: string,
): AsyncGenerator<Buffer, void, undefined> {
  const decipher = createDecipheriv('aes-256-ctr', key, COUNTER)
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_CHUNK_BYTES }))
      yield decipher.update(chunk as Buffer)
  } catch (error) {
    throw new HoldfastError('spool.lost', `${objectName} cannot be read from the spool any more.`, {
      hint: 'The set is read again by itself. If that repeats, check the disk of `stateDir`.',
      cause: error,
    })
  }
}

const freeOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
