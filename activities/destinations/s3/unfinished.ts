import type { Bucket, OpenUpload, StoredPart } from './bucket.js'

/** An upload has at most 10,000 parts, of which stores show a thousand at once, some fewer. */
const MAX_PAGES = 100

/** The parts that an unfinished upload has at the store. */
export async function partsOfUpload(
  bucket: Bucket,
  upload: OpenUpload,
  signal: AbortSignal,
): Promise<readonly StoredPart[]> {
  const found: StoredPart[] = []
  let after: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const { parts, next } = await bucket.listParts(upload, after, signal)
    found.push(...parts)
    if (next === undefined) break
    after = next
  }
  return found
}

/** The newest unfinished upload of an object, with its parts. */
export async function findUnfinished(
  bucket: Bucket,
  name: string,
  signal: AbortSignal,
): Promise<{ upload: OpenUpload; parts: readonly StoredPart[] } | undefined> {
  const open = (await bucket.openUploads(name, signal)).filter((upload) => upload.name === name)
  const [upload] = open.sort((one, other) => other.startedAt.getTime() - one.startedAt.getTime())
  return upload && { upload, parts: await partsOfUpload(bucket, upload, signal) }
}
