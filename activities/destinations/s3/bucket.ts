import type { Readable } from 'node:stream'
import type { Payload } from './payload.js'

export interface StoredObject {
  readonly name: string
  readonly bytes: number
  readonly modifiedAt: Date
  readonly etag: string
}

/** An upload in parts that is not finished. */
export interface OpenUpload {
  readonly name: string
  readonly uploadId: string
}

export interface FinishedPart {
  readonly number: number
  readonly etag: string
}

/** A part that an unfinished upload has at the store. */
export interface StoredPart extends FinishedPart {
  readonly bytes: number
  readonly storedAt: Date
}

export type IfTaken = 'refuse' | 'replace'

/** The requests of S3 that a destination makes, by names of objects. Throws what the library throws. */
export interface Bucket {
  /** `refuse`: fails where there is such an object, as `isTaken` tells. */
  put(name: string, payload: Payload, ifTaken: IfTaken, signal: AbortSignal): Promise<void>
  beginUpload(name: string, signal: AbortSignal): Promise<OpenUpload>
  putPart(upload: OpenUpload, number: number, payload: Payload, signal: AbortSignal): Promise<FinishedPart>
  finishUpload(
    upload: OpenUpload,
    parts: readonly FinishedPart[],
    ifTaken: IfTaken,
    signal: AbortSignal,
  ): Promise<void>
  abortUpload(upload: OpenUpload, signal: AbortSignal): Promise<void>
  /** Unfinished uploads below `prefix`, at most a thousand. */
  openUploads(prefix: string, signal: AbortSignal): Promise<readonly (OpenUpload & { startedAt: Date })[]>
  /** One page of the parts of an unfinished upload, by their numbers. */
  listParts(
    upload: OpenUpload,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<{ parts: readonly StoredPart[]; next: string | undefined }>
  stat(name: string, signal: AbortSignal): Promise<StoredObject | undefined>
  /** Fails when the object is not the one that `etag` says. The body must be read or destroyed. */
  read(object: { name: string; etag: string }, range: Range, signal: AbortSignal): Promise<Readable>
  /** One page of names that begin with `prefix`, sorted. */
  list(
    prefix: string,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<{ objects: readonly StoredObject[]; next: string | undefined }>
  remove(name: string, signal: AbortSignal): Promise<void>
  /** One page of names that begin with `prefix`, of versions that are not the newest of their object. */
  listOlder(
    prefix: string,
    after: VersionMarker | undefined,
    signal: AbortSignal,
  ): Promise<{ names: readonly string[]; next: VersionMarker | undefined }>
}

/** Where a page of versions has ended. */
export interface VersionMarker {
  readonly KeyMarker: string
  readonly VersionIdMarker?: string
}

export interface Range {
  readonly offset: number
  readonly length: number
}
