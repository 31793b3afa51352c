import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Item } from '../core/backup.js'
import { UNFINISHED, removeDurably, replaceDurably } from './durable-file.js'
import { withFileLock } from './journal/lock.js'
import { withDriver, type DriverWork } from './with-driver.js'

/** Long enough to drop a database. What cannot be removed by then goes with the next rehearsal or start of the worker. */
const CLEAN_UP_MS = 120_000
/** Another one on this host may last for hours: who waits had better be tried again. */
const LOCK_WAIT_MS = 1000
const ENDING = '.json'

/** Written before anything is made: what there may be to remove, whatever becomes of us. */
interface RehearsalRecord {
  readonly rehearsalId: string
  readonly items: readonly Item[]
}

/**
 * Does `work` with a place for each item, and removes all that it made, however it ends; whatever a rehearsal that was killed
 * has left goes first. One at a time among all processes of the host. Fails with `lock.taken`.
 */
export async function whileRehearsing<T>(
  work: DriverWork,
  { rehearsalId, items }: RehearsalRecord,
  rehearse: (folderOf: (item: Item) => string) => Promise<T>,
): Promise<T> {
  const folder = await folderFor(work)
  return withLock(work, folder, async () => {
    await removeLeft(work, folder)
    // Names of files that were not captured are many, and nothing is removed by them.
    const record = { rehearsalId, items: items.map((item) => ({ ...item, notCaptured: [] })) }
    const file = join(folder, `${encodeURIComponent(rehearsalId)}${ENDING}`)
    await replaceDurably(file, JSON.stringify(record))
    try {
      return await rehearse((item) => folderIn(file, item))
    } finally {
      await forget(work, file, record)
    }
  })
}

/** Removes what rehearsals that were killed have left. One that goes on is left alone. */
export async function sweepRehearsals(work: DriverWork): Promise<void> {
  const folder = await folderFor(work)
  if ((await readdir(folder)).length === 0) return
  await withLock(work, folder, () => removeLeft(work, folder))
}

async function folderFor({ tools }: DriverWork): Promise<string> {
  const folder = join(tools.site.stateDir, 'rehearsals')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Beside its record: what is in it goes with it. */
const folderIn = (file: string, { source }: Pick<Item, 'source'>): string =>
  join(file.slice(0, -ENDING.length), source)

async function withLock<T>(
  { tools, signal }: DriverWork,
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  const locks = join(tools.site.stateDir, 'locks')
  await mkdir(locks, { recursive: true, mode: 0o700 })
  const what = `Rehearsed restores in ${folder}`
  return withFileLock({ file: join(locks, 'rehearsal'), waitMs: LOCK_WAIT_MS, signal, what }, work)
}

async function removeLeft(work: DriverWork, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter(
    (name) => name.endsWith(ENDING) && !name.startsWith(UNFINISHED),
  )
  for (const name of files) {
    const file = join(folder, name)
    try {
      await forget(work, file, JSON.parse(await readFile(file, 'utf8')) as RehearsalRecord)
    } catch (error) {
      // Its server may be gone for good: that keeps nobody from another rehearsal, and the record stays.
      work.tools.log.warn('what a rehearsed restore has left could not be removed', { file, error })
    }
  }
}

/** The record goes last, so that nothing is forgotten before it is gone. With a signal of its own: a cancelled run cleans up. */
async function forget(
  work: DriverWork,
  file: string,
  { rehearsalId, items }: RehearsalRecord,
): Promise<void> {
  const own = { ...work, signal: AbortSignal.timeout(CLEAN_UP_MS) }
  await rm(file.slice(0, -ENDING.length), { recursive: true, force: true })
  for (const item of items) {
    const place = { rehearsalId, folder: folderIn(file, item) }
    await withDriver(own, { sourceName: item.source, type: item.type }, (driver, context) =>
      driver.forget(item, place, context),
    )
  }
  await removeDurably(file)
}
