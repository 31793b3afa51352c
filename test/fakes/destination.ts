import { Readable } from 'node:stream'
import type { Destination, ObjectInfo } from '../../activities/destinations/driver.js'
import { HoldfastError } from '../../core/errors.js'

/** Parts between slashes, none of which is empty or begins with a dot. */
const OBJECT_NAME = /^[^/.][^/]*(\/[^/.][^/]*)*$/

interface StoredBytes {
  bytes: Buffer
  modifiedAt: Date
}

/** A destination in memory, which can be looked into, damaged and made to fail. */
export interface FakeDestination extends Destination {
  readonly objects: Map<string, StoredBytes>
  /** Every call, as `put plans/…`. */
  readonly calls: string[]
  free: number | undefined
  /** Thrown by the calls that it answers true for. */
  failOn?: (call: string) => Error | undefined
  /** Flips one bit of an object. */
  damage(objectName: string, at?: number): void
  write(objectName: string, content: string | Buffer): void
  text(objectName: string): string
}

export function fakeDestination(name = 'disk', clock: () => Date = () => new Date()): FakeDestination {
  const objects = new Map<string, StoredBytes>()
  const calls: string[] = []
  const infoOf = (objectName: string, { bytes, modifiedAt }: StoredBytes): ObjectInfo => ({
    name: objectName,
    bytes: bytes.length,
    modifiedAt,
  })
  const record = (call: string, signal?: AbortSignal) => {
    calls.push(call)
    signal?.throwIfAborted()
    const failure = fake.failOn?.(call)
    if (failure) throw failure
  }
  const requireName = (objectName: string) => {
    if (!OBJECT_NAME.test(objectName))
      throw new HoldfastError('object.not-found', `"${objectName}" is not the name of an object.`)
  }
  const existing = (objectName: string): StoredBytes => {
    const stored = objects.get(objectName)
    if (stored) return stored
    throw new HoldfastError('object.not-found', `Object ${objectName} is not at destination "${name}".`)
  }

  const fake: FakeDestination = {
    name,
    objects,
    calls,
    free: undefined,
    async put(objectName, body, { signal }) {
      record(`put ${objectName}`, signal)
      requireName(objectName)
      const chunks: Buffer[] = []
      for await (const chunk of body) {
        signal.throwIfAborted()
        chunks.push(Buffer.from(chunk as Uint8Array))
      }
      const bytes = Buffer.concat(chunks)
      const before = objects.get(objectName)
      if (before && !before.bytes.equals(bytes))
        throw new HoldfastError('object.conflict', `Object ${objectName} exists with other bytes.`)
      if (!before) objects.set(objectName, { bytes, modifiedAt: clock() })
      return { bytes: bytes.length }
    },
    async get(objectName, { signal, range }) {
      record(`get ${objectName}`, signal)
      const { bytes } = existing(objectName)
      const wanted = range ? bytes.subarray(range.offset, range.offset + range.length) : bytes
      return Readable.from(wanted.length === 0 ? [] : [Buffer.from(wanted)], { objectMode: false })
    },
    async *list(prefix, signal) {
      record(`list ${prefix}`, signal)
      for (const objectName of [...objects.keys()].sort()) {
        const stored = objects.get(objectName)
        if (stored && objectName.startsWith(prefix)) yield infoOf(objectName, stored)
      }
    },
    async stat(objectName, signal) {
      record(`stat ${objectName}`, signal)
      const stored = objects.get(objectName)
      return stored && infoOf(objectName, stored)
    },
    async delete(objectName, signal) {
      record(`delete ${objectName}`, signal)
      objects.delete(objectName)
    },
    async freeBytes(signal) {
      record('freeBytes', signal)
      return fake.free
    },
    damage(objectName, at = 0) {
      const { bytes } = existing(objectName)
      bytes[at] = (bytes[at] ?? 0) ^ 1
    },
    write: (objectName, content) =>
      void objects.set(objectName, { bytes: Buffer.from(content), modifiedAt: clock() }),
    text: (objectName) => existing(objectName).bytes.toString('utf8'),
  }
  return fake
}
