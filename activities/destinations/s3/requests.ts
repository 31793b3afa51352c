import type * as S3 from '@aws-sdk/client-s3'
import type { Readable } from 'node:stream'
import type { DestinationOf } from '../../../schemas/destinations.js'
import { parseDuration } from '../../../core/units.js'
import type { Bucket, IfTaken, StoredObject, VersionMarker } from './bucket.js'
import type { S3Connection } from './client.js'
import { isAbsent, statusOf } from './failure.js'
import type { Payload } from './payload.js'

/** The bucket of a destination, as requests of the S3 API. */
export function s3Bucket(
  settings: DestinationOf<'s3'>,
  connect: () => Promise<S3Connection>,
  clock: () => Date,
): Bucket {
  const { bucket: Bucket, prefix } = settings
  const folder = prefix === undefined ? '' : `${prefix}/`
  const at = (name: string) => ({ Bucket, Key: folder + name })
  const nameOf = (key: string) => key.slice(folder.length)
  const condition = (ifTaken: IfTaken) => (ifTaken === 'refuse' ? { IfNoneMatch: '*' } : {})

  return {
    async put(name, payload, ifTaken, signal) {
      const { client, sdk } = await connect()
      const input = {
        ...at(name),
        ...newObject(settings, clock()),
        ...condition(ifTaken),
        ...bodyOf(payload),
      }
      await client.send(signed(new sdk.PutObjectCommand(input), payload), until(signal))
    },

    async beginUpload(name, signal) {
      const { client, sdk } = await connect()
      const command = new sdk.CreateMultipartUploadCommand({ ...at(name), ...newObject(settings, clock()) })
      const { UploadId } = await client.send(command, until(signal))
      return { name, uploadId: UploadId ?? '' }
    },

    async putPart({ name, uploadId: UploadId }, number, payload, signal) {
      const { client, sdk } = await connect()
      const input = { ...at(name), UploadId, PartNumber: number, ...bodyOf(payload) }
      const command = signed(new sdk.UploadPartCommand(input), payload)
      const { ETag } = await client.send(command, until(signal))
      return { number, etag: ETag ?? '' }
    },

    async finishUpload({ name, uploadId: UploadId }, parts, ifTaken, signal) {
      const { client, sdk } = await connect()
      const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
      const input = { ...at(name), UploadId, MultipartUpload: { Parts }, ...condition(ifTaken) }
      await client.send(new sdk.CompleteMultipartUploadCommand(input), until(signal))
    },

    async abortUpload({ name, uploadId: UploadId }, signal) {
      const { client, sdk } = await connect()
      const command = new sdk.AbortMultipartUploadCommand({ ...at(name), UploadId })
      await client.send(command, until(signal))
    },

    async openUploads(below, signal) {
      const { client, sdk } = await connect()
      const command = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: folder + below })
      const { Uploads = [] } = await client.send(command, until(signal))
      return Uploads.flatMap(({ Key, UploadId, Initiated }) =>
        Key === undefined || UploadId === undefined || Initiated === undefined
          ? []
          : [{ name: nameOf(Key), uploadId: UploadId, startedAt: Initiated }],
      )
    },

    async listParts({ name, uploadId: UploadId }, after, signal) {
      const { client, sdk } = await connect()
      const page = after === undefined ? {} : { PartNumberMarker: after }
      const command = new sdk.ListPartsCommand({ ...at(name), UploadId, ...page })
      const { Parts = [], IsTruncated, NextPartNumberMarker } = await client.send(command, until(signal))
      const parts = Parts.flatMap(({ PartNumber, ETag, Size, LastModified }) =>
        PartNumber === undefined || ETag === undefined || Size === undefined || LastModified === undefined
          ? []
          : [{ number: PartNumber, etag: ETag, bytes: Size, storedAt: LastModified }],
      )
      return { parts, next: IsTruncated === true ? NextPartNumberMarker : undefined }
    },

    async stat(name, signal) {
      const { client, sdk } = await connect()
      try {
        const command = new sdk.HeadObjectCommand(at(name))
        const found = await client.send(command, until(signal))
        return objectOf(name, { Size: found.ContentLength, ...found })
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw statusOf(error) === undefined ? error : await reasonOf(error)
      }

      /** An answer to HEAD cannot say why: the same, asked with GET, does. */
      async function reasonOf(refusal: unknown): Promise<unknown> {
        try {
          const command = new sdk.GetObjectCommand({ ...at(name), Range: 'bytes=0-0' })
          const { Body } = await client.send(command, until(signal))
          ;(Body as Readable | undefined)?.destroy()
          return refusal
        } catch (reason) {
          return reason
        }
      }
    },

    async read({ name, etag }, { offset, length }, signal) {
      const { client, sdk } = await connect()
      const range = `bytes=${offset}-${offset + length - 1}`
      const command = new sdk.GetObjectCommand({ ...at(name), Range: range, IfMatch: etag })
      const { Body } = await client.send(command, until(signal))
      return Body as Readable
    },

    async list(below, after, signal) {
      const { client, sdk } = await connect()
      const page = after === undefined ? {} : { ContinuationToken: after }
      const command = new sdk.ListObjectsV2Command({ Bucket, Prefix: folder + below, ...page })
      const { Contents = [], NextContinuationToken } = await client.send(command, until(signal))
      const objects = Contents.flatMap((found) =>
        found.Key === undefined ? [] : [objectOf(nameOf(found.Key), found)],
      )
      return { objects, next: NextContinuationToken }
    },

    async remove(name, signal) {
      const { client, sdk } = await connect()
      await client.send(new sdk.DeleteObjectCommand(at(name)), until(signal))
    },

    async listOlder(below, after, signal) {
      const { client, sdk } = await connect()
      const command = new sdk.ListObjectVersionsCommand({ Bucket, Prefix: folder + below, ...after })
      const { Versions = [], NextKeyMarker, NextVersionIdMarker } = await client.send(command, until(signal))
      const names = Versions.flatMap(({ Key, IsLatest }) =>
        Key === undefined || IsLatest !== false ? [] : [nameOf(Key)],
      )
      return { names, next: versionMarker(NextKeyMarker, NextVersionIdMarker) }
    },
  }
}

/** Stores that are not versioned leave out the one or the other; an empty one means the beginning. */
const versionMarker = (
  KeyMarker: string | undefined,
  VersionIdMarker: string | undefined,
): VersionMarker | undefined =>
  KeyMarker === undefined || KeyMarker === ''
    ? undefined
    : {
        KeyMarker,
        ...(VersionIdMarker === undefined || VersionIdMarker === '' ? {} : { VersionIdMarker }),
      }

/** What every new object is given. */
function newObject(settings: DestinationOf<'s3'>, now: Date) {
  const { serverSideEncryption, kmsKeyId, storageClass, objectLock } = settings
  return {
    ...(serverSideEncryption === undefined ? {} : { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    ...(storageClass === undefined ? {} : { StorageClass: storageClass }),
    ...(objectLock === undefined
      ? {}
      : {
          ObjectLockMode: LOCK_MODES[objectLock.mode],
          ObjectLockRetainUntilDate: new Date(now.getTime() + parseDuration(objectLock.keepFor)),
        }),
  }
}

const LOCK_MODES = { governance: 'GOVERNANCE', compliance: 'COMPLIANCE' } as const

/** A signal of its own for each request: more than ten listeners at one look like a leak. */
const until = (signal: AbortSignal) => ({ abortSignal: AbortSignal.any([signal]) })

const bodyOf = ({ bytes, md5 }: Payload) => ({
  Body: bytes,
  ContentLength: bytes.length,
  ContentMD5: md5,
})

/** Saves the library from digesting a whole part at once, which would keep everything else waiting. */
function signed<T extends { readonly middlewareStack: unknown }>(command: T, { sha256 }: Payload): T {
  // A command knows no more of its own stack than the client does of all.
  const stack = command.middlewareStack as S3.S3Client['middlewareStack']
  stack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'payloadDigest' },
  )
  return command
}

interface Described {
  readonly Size?: number | undefined
  readonly LastModified?: Date | undefined
  readonly ETag?: string | undefined
}

const objectOf = (name: string, { Size = 0, LastModified, ETag = '' }: Described): StoredObject => ({
  name,
  bytes: Size,
  // Every store tells it; without, an object counts as old as can be.
  modifiedAt: LastModified ?? new Date(0),
  etag: ETag,
})
