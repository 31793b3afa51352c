import pLimit from 'p-limit'
import type { ObjectInfo } from '../destinations/driver.js'
import { expected } from './parts.js'

/** Enough to hide the latency of a store; few enough to stay small, whatever lies there. */
const READ_AT_ONCE = 8

/** Reads objects of a listing, and says what is wrong with those that could not be read. */
export async function readAll<T>(
  objects: readonly ObjectInfo[],
  readOne: (info: ObjectInfo) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly read: readonly T[]; readonly problems: readonly string[] }> {
  const limit = pLimit(READ_AT_ONCE)
  const read: T[] = []
  const problems: string[] = []
  await Promise.all(
    objects.map((info) =>
      limit(async () => {
        try {
          read.push(await readOne(info))
        } catch (error) {
          const { code, message } = expected(error, signal)
          // It was removed between the listing and now.
          if (code !== 'backup.not-found' && code !== 'object.not-found') problems.push(message)
        }
      }),
    ),
  )
  return { read, problems }
}
