import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ObjectKind, StoredObject } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { ObjectReader, ObjectSink } from '../../activities/sources/driver.js'

/** Keeps the objects of one item in memory, uncompressed. What errors on its way is not kept. */
export class MemorySink implements ObjectSink, ObjectReader {
  readonly objects: StoredObject[] = []
  readonly #bytes = new Map<string, Buffer>()

  async store(object: { kind: ObjectKind; part?: string }, body: Readable): Promise<StoredObject> {
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(Buffer.from(chunk as Buffer))
    const bytes = Buffer.concat(chunks)
    const part = object.part === undefined ? '' : `.${object.part}`
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const stored: StoredObject = {
      name: `item${part}_20260301_090000.${object.kind}`,
      kind: object.kind,
      ...(object.part === undefined ? {} : { part: object.part }),
      plainBytes: bytes.length,
      plainSha256: sha256,
      storedBytes: bytes.length,
      storedSha256: sha256,
    }
    if (this.#bytes.has(stored.name)) throw new Error(`Stored twice: ${stored.name}`)
    this.#bytes.set(stored.name, bytes)
    this.objects.push(stored)
    return stored
  }

  bytesOf(object: StoredObject): Buffer {
    const bytes = this.#bytes.get(object.name)
    if (bytes === undefined) throw new Error(`Not stored: ${object.name}`)
    return bytes
  }

  /** What rests at the destination from now on, whatever the manifest says. */
  damage(object: StoredObject, change: (bytes: Buffer) => Buffer): void {
    this.#bytes.set(object.name, change(Buffer.from(this.bytesOf(object))))
  }

  /** As the real one does: hands bytes out as they come, and errors at the end when they are not as recorded. */
  open(object: StoredObject): Readable {
    const bytes = this.bytesOf(object)
    return Readable.from(checked(bytes, object), { objectMode: false })
  }
}

const CHUNK_BYTES = 16 * 1024

function* checked(bytes: Buffer, object: StoredObject): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    yield bytes.subarray(offset, offset + CHUNK_BYTES)
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length !== object.plainBytes || sha256 !== object.plainSha256) {
    throw new HoldfastError('object.corrupt', `Object "${object.name}" differs from what was recorded.`)
  }
}
