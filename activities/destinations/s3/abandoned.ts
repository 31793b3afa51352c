import type { Bucket, OpenUpload } from './bucket.js'
import { partsOfUpload } from './unfinished.js'

/** Since its beginning, and since its newest part: a slow one may take longer, and one that was cut off may go on. */
const ABANDONED_AFTER_MS = 7 * 86_400_000

/**
 * Aborts what dead writers have left beside `upload`: parts cost money, and no listing of objects shows them. Ages are
 * measured by the store's own clock: by the beginning of `upload` itself. At most a thousand are looked at, once for each
 * upload: what is left is aborted by the next.
 */
export async function abortAbandoned(bucket: Bucket, upload: OpenUpload, signal: AbortSignal): Promise<void> {
  try {
    // Only what stands in the same top folder: the bucket may serve others, too.
    const below = upload.name.slice(0, upload.name.indexOf('/') + 1)
    const open = await bucket.openUploads(below, signal)
    const now = open.find(({ uploadId }) => uploadId === upload.uploadId)?.startedAt.getTime()
    if (now === undefined) return
    const isOld = (date: Date) => now - date.getTime() > ABANDONED_AFTER_MS
    for (const other of open) {
      if (!isOld(other.startedAt)) continue
      const parts = await partsOfUpload(bucket, other, signal)
      if (parts.every(({ storedAt }) => isOld(storedAt))) await bucket.abortUpload(other, signal)
    }
  } catch {
    // Many keys have no right to list uploads, and no backup must fail for want of tidiness.
    signal.throwIfAborted()
  }
}
