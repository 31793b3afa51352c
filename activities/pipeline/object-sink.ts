import { Readable } from 'node:stream'
import type { ObjectKind, StoredObject } from '../../core/backup.js'
import type { Compression } from '../../schemas/plan.js'
import type { Destination } from '../destinations/driver.js'
import type { ObjectSink } from '../sources/driver.js'
import { compressed, suffixOf } from './compress.js'
import { Digest } from './digest.js'
import { encrypted, ENCRYPTED_SUFFIX } from './encrypt.js'
import { metered } from './meter.js'
import { NONCE_PREFIX_BYTES, SALT_BYTES } from './segments.js'

export interface ItemSink extends ObjectSink {
  /** What was stored, in the order in which it was completed. */
  readonly objects: readonly StoredObject[]
}

export interface ItemEncryption {
  readonly backupId: string
  readonly dataKey: Buffer
  /** Hex digits, unpredictable. */
  readonly random: (digits: number) => string
}

/**
 * Stores the objects of one item: each is hashed, compressed, encrypted where there is a key, hashed again and put in one
 * pass, in bounded memory. Several may be stored at the same time.
 */
export function objectSink(item: {
  readonly destination: Pick<Destination, 'put'>
  /** That of the backup, with its slash. */
  readonly folder: string
  /** Beginning of the name of an object, without its kind. */
  readonly prefixOf: (part: string | undefined) => string
  readonly compression: Required<Compression>
  /** Left out: anyone who reads the destination reads the objects. */
  readonly encryption?: ItemEncryption
  readonly signal: AbortSignal
  /** Told of every chunk: bytes since the last time. */
  readonly onBytes: (bytes: { plain: number; stored: number }) => void
}): ItemSink {
  const objects: StoredObject[] = []
  return {
    objects,
    store: async (object, body) => {
      const name = nameOf(object, item)
      const plain = new Digest()
      const stored = new Digest()
      const source = metered(plain.through(complete(body, item.signal)), (bytes) =>
        item.onBytes({ plain: bytes, stored: 0 }),
      )
      const small = compressed(source, item.compression)
      const result = metered(
        stored.through(item.encryption ? sealed(small, name, item.encryption) : small),
        (bytes) => item.onBytes({ plain: 0, stored: bytes }),
      )
      const upload = Readable.from(result, { objectMode: true, highWaterMark: 1 })
      try {
        await item.destination.put(item.folder + name, upload, { signal: item.signal })
      } finally {
        body.destroy()
      }
      const done: StoredObject = {
        name,
        kind: object.kind,
        ...(object.part === undefined ? {} : { part: object.part }),
        plainBytes: plain.bytes,
        plainSha256: plain.sha256(),
        storedBytes: stored.bytes,
        storedSha256: stored.sha256(),
      }
      objects.push(done)
      return done
    },
  }
}

function nameOf(
  { kind, part }: { kind: ObjectKind; part?: string },
  { prefixOf, compression, encryption }: Parameters<typeof objectSink>[0],
): string {
  return `${prefixOf(part)}.${kind}${suffixOf[compression.algorithm]}${encryption ? ENCRYPTED_SUFFIX : ''}`
}

const sealed = (chunks: AsyncIterable<Buffer>, name: string, { backupId, dataKey, random }: ItemEncryption) =>
  encrypted(chunks, {
    dataKey,
    associatedData: `${backupId}/${name}`,
    salt: Buffer.from(random(2 * SALT_BYTES), 'hex'),
    noncePrefix: Buffer.from(random(2 * NONCE_PREFIX_BYTES), 'hex'),
  })

/** Errors where the stream was closed before its end: a broken dump must never pass as a short one. */
async function* complete(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of body as AsyncIterable<Buffer | string>) {
    signal.throwIfAborted()
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  if (!body.readableEnded) throw new Error('The stream was closed before its end.')
}
