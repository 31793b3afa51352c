import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { DestinationOf } from '../../schemas/destinations.js'
import type { Secrets } from '../secrets.js'
import { BodyFailure, chunksOf } from './body.js'
import type { Destination, DestinationDriver, ObjectInfo, ResumableOptions } from './driver.js'
import { notFound } from './object-failure.js'
import { isObjectName, requireObjectName } from './object-names.js'
import { isWorthKeeping } from './put-known.js'
import type { Bucket, StoredObject, VersionMarker } from './s3/bucket.js'
import { S3_LIMITS, s3Connector, type S3Limits } from './s3/client.js'
import { explainRequest } from './s3/explain.js'
import { isNotImplemented } from './s3/failure.js'
import { readObject } from './s3/read.js'
import { s3Bucket } from './s3/requests.js'
import { resumingBucket } from './s3/resume.js'
import { store, type StoreTools } from './s3/store.js'
import { USUAL_PART_BYTES } from './s3/upload.js'

export interface S3World {
  readonly secrets: Pick<Secrets, 'resolve'>
  readonly clock: () => Date
  /** Default: ours. */
  readonly limits?: S3Limits
}

/** A hundred million objects: a store that answers in circles must not keep us. */
const MAX_PAGES = 100_000

/**
 * A bucket of S3 or of a store like it. An object is visible only when its upload is finished; what breaks before that is
 * aborted, and what a killed worker left is aborted a week later. Keys are never taken from the environment or the machine
 * by themselves: an agent uses what holdfast.yaml names, and nothing else.
 */
export const s3 =
  (world: S3World): DestinationDriver<'s3'> =>
  (name, settings) =>
    new S3Bucket(name, settings, world)

class S3Bucket implements Destination {
  readonly name: string
  readonly #settings: DestinationOf<'s3'>
  readonly #limits: S3Limits
  readonly #bucket: Bucket
  readonly putResumable?: NonNullable<Destination['putResumable']>

  constructor(name: string, settings: DestinationOf<'s3'>, { secrets, clock, limits = S3_LIMITS }: S3World) {
    this.name = name
    this.#settings = settings
    this.#limits = limits
    this.#bucket = s3Bucket(settings, s3Connector(settings, secrets, limits), clock)
    if (isResumable(settings)) this.putResumable = (...upload) => this.#resume(...upload)
  }

  put(objectName: string, body: Readable, { signal }: { signal: AbortSignal }): Promise<{ bytes: number }> {
    return this.#store({ objectName, body, bucket: this.#bucket, isKept: () => false }, signal)
  }

  #resume(
    objectName: string,
    body: Readable,
    { signal, throttles }: ResumableOptions,
  ): Promise<{ bytes: number }> {
    const { bucket, isFindable } = resumingBucket(this.#bucket, throttles?.upload)
    const isKept = (error: unknown) =>
      isFindable() && isWorthKeeping(this.#explained(error, `write object "${objectName}" to`))
    return this.#store({ objectName, body, bucket, isKept }, signal)
  }

  async #store(
    upload: { objectName: string; body: Readable } & Pick<StoreTools, 'bucket' | 'isKept'>,
    signal: AbortSignal,
  ): Promise<{ bytes: number }> {
    const { objectName, body, bucket, isKept } = upload
    const { partSize } = this.#settings
    try {
      return await this.#trying(`write object "${objectName}" to`, signal, () => {
        requireObjectName(objectName)
        const tools = {
          ...{ bucket, isKept, limits: this.#limits, signal, destination: this.name },
          partBytes: partSize === undefined ? USUAL_PART_BYTES : Number.parseInt(partSize) * 2 ** 20,
          open: async (object: StoredObject) => this.#open(object, undefined, signal),
        }
        return store(tools, objectName, chunksOf(body, signal))
      })
    } finally {
      body.destroy()
    }
  }

  async get(
    objectName: string,
    { signal, range }: { signal: AbortSignal; range?: { offset: number; length: number } },
  ): Promise<Readable> {
    const found = await this.#find(objectName, signal)
    if (found) return this.#open(found, range, signal)
    throw notFound(objectName, this.name)
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    let after: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const { objects, next } = await this.#trying('list the objects of', signal, () =>
        this.#bucket.list(prefix, after, signal),
      )
      for (const object of objects) if (isObjectName(object.name)) yield infoOf(object)
      if (next === undefined) return
      after = next
    }
    throw new HoldfastError('destination.unavailable', `The list of destination "${this.name}" has no end.`, {
      hint: 'Give Holdfast a bucket, or a prefix, of its own.',
    })
  }

  async stat(objectName: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const found = await this.#find(objectName, signal)
    return found && infoOf(found)
  }

  async delete(objectName: string, signal: AbortSignal): Promise<void> {
    await this.#trying(`delete object "${objectName}" of`, signal, () => {
      requireObjectName(objectName)
      return this.#bucket.remove(objectName, signal)
    })
  }

  async *deletedVersions(prefix: string, signal: AbortSignal): AsyncIterable<string> {
    let after: VersionMarker | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const { names, next } = await this.#trying('list the older versions of', signal, () =>
        this.#bucket.listOlder(prefix, after, signal).catch((error: unknown) => {
          // A store that knows no versions keeps none.
          if (isNotImplemented(error)) return { names: [], next: undefined }
          throw error
        }),
      )
      yield* names
      if (next === undefined) return
      after = next
    }
  }

  /** Buckets have no end; of quotas S3 does not tell. */
  async freeBytes(signal: AbortSignal): Promise<undefined> {
    signal.throwIfAborted()
  }

  #find(objectName: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    return this.#trying(`read object "${objectName}" of`, signal, () => {
      requireObjectName(objectName)
      return this.#bucket.stat(objectName, signal)
    })
  }

  #open(
    object: StoredObject,
    range: { offset: number; length: number } | undefined,
    signal: AbortSignal,
  ): Readable {
    const explain = (error: unknown) => this.#explained(error, `read object "${object.name}" of`)
    return readObject({ bucket: this.#bucket, limits: this.#limits, signal, explain }, object, range)
  }

  async #trying<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      if (error instanceof BodyFailure) throw error.cause
      signal.throwIfAborted()
      throw this.#explained(error, doing)
    }
  }

  #explained(error: unknown, doing: string): unknown {
    const { bucket, endpoint = `AWS, region ${this.#settings.region}` } = this.#settings
    return explainRequest(error, { destination: this.name, bucket, endpoint, doing })
  }
}

/**
 * An upload takes its lock from its beginning: gone on with days later, the lock would end too early. With keys of KMS,
 * stores do not tell the MD5 of parts, by which they are known.
 */
const isResumable = ({ objectLock, serverSideEncryption }: DestinationOf<'s3'>): boolean =>
  objectLock === undefined && serverSideEncryption !== 'aws:kms'

const infoOf = ({ name, bytes, modifiedAt }: StoredObject): ObjectInfo => ({ name, bytes, modifiedAt })
