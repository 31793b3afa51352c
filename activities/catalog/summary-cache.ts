import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MarkProof, Proof } from '../../core/authenticity.js'
import type { BackupSummary } from '../../core/backup.js'
import type { Mark } from '../../core/marks.js'
import type { ObjectInfo } from '../destinations/driver.js'
import type { Log } from '../log.js'

/** Goes up when summaries change: what was kept before is then read anew. */
const CACHE_FORMAT = 'holdfast.summaries/4'

/**
 * What was read of the manifests and marks of one destination: a file of lines, which may be deleted at any time. Neither
 * ever changes, so one with the same name, size and time is the same.
 */
export interface SummaryCache {
  /** What is remembered, by name of the object. A file that is damaged, even in part, is a cache with fewer entries. */
  read(): Promise<Map<string, CachedObject>>
  /** Replaces what is remembered. Never throws: without a cache everything still works. */
  write(entries: Iterable<CachedObject>): Promise<void>
}

interface CachedInfo {
  readonly name: string
  readonly bytes: number
  readonly modifiedAt: string
}

export interface CachedManifest extends CachedInfo {
  /** Size and time of the code beside it; another code is examined anew. */
  readonly code?: string
  readonly proof: Proof
  /**
   * As the manifest has it, without marks: whether it can be believed depends on the plans and keys of the moment.
   */
  readonly summary: BackupSummary
}

export interface CachedMark extends CachedInfo {
  /** As of a manifest. */
  readonly code?: string
  readonly proof: MarkProof
  /** Left out: it is forged. */
  readonly mark?: Mark
  readonly summary?: undefined
}

export type CachedObject = CachedManifest | CachedMark

export const isManifest = (entry: CachedObject): entry is CachedManifest => entry.summary !== undefined

/** `code`: as of `CachedManifest`. */
export const isSame = (
  entry: CachedObject | undefined,
  info: ObjectInfo,
  code: string | undefined,
): entry is CachedObject =>
  entry !== undefined &&
  entry.bytes === info.bytes &&
  entry.modifiedAt === info.modifiedAt.toISOString() &&
  entry.code === code

export function createSummaryCache({
  folder,
  destination,
  log,
}: {
  folder: string
  destination: string
  log: Log
}): SummaryCache {
  const file = join(folder, `${destination}.jsonl`)
  const header = JSON.stringify({ format: CACHE_FORMAT, destination })
  let writes = 0

  const read = async (): Promise<Map<string, CachedObject>> => {
    const entries = new Map<string, CachedObject>()
    try {
      let isOurs = false
      for await (const line of linesIn(file)) {
        isOurs ||= line === header
        if (!isOurs) break
        const entry = parseEntry(line)
        if (entry) entries.set(entry.name, entry)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn('cache of manifests not read', { file, error })
    }
    return entries
  }

  const write = async (entries: Iterable<CachedObject>): Promise<void> => {
    // Its own name per writer: two processes that list at once each rename a whole file into place.
    const temporary = `${file}.${process.pid}.${++writes}`
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const handle = await open(temporary, 'wx', 0o600)
      await pipeline(Readable.from(linesOf(header, entries)), handle.createWriteStream())
      await rename(temporary, file)
    } catch (error) {
      log.warn('cache of manifests not written', { file, error })
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  return { read, write }
}

/** In pieces, so that a long file neither fills the memory nor keeps the process from anything else. */
async function* linesIn(file: string): AsyncGenerator<string> {
  const handle = await open(file)
  let rest = ''
  for await (const chunk of handle.createReadStream({ encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function* linesOf(header: string, entries: Iterable<CachedObject>): Generator<string> {
  yield `${header}\n`
  for (const entry of entries) yield `${JSON.stringify(entry)}\n`
}

/** A line that was cut or overwritten is not an entry. */
function parseEntry(line: string): CachedObject | undefined {
  try {
    const entry = JSON.parse(line) as Partial<CachedObject> | null
    const isEntry =
      typeof entry?.name === 'string' &&
      typeof entry.modifiedAt === 'string' &&
      typeof entry.proof === 'string'
    return isEntry ? (entry as CachedObject) : undefined
  } catch {
    return undefined
  }
}
