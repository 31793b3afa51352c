import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { RestoreStatus } from '../core/restore-end.js'
import { UNFINISHED, removeDurably, replaceDurably } from './durable-file.js'
import { withFileLock } from './journal/lock.js'

const RECORD_FORMAT = 'holdfast.restore/1'
const ENDING = '.json'
/** A swap is quick, clearing away may take minutes; who waits for longer had better fail, and be tried again. */
const LOCK_WAIT_MS = 120_000
/** The newest: an answer that travels through Temporal has to end somewhere. */
const MAX_LISTED = 500

/**
 * What this host staged and swapped of one restore, and what it needs to carry on. Swapping, undoing and discarding go by
 * it alone: whatever Temporal asks for, nothing is renamed or removed that was not staged here.
 */
export interface RestoreRecord extends Omit<RestoreStatus, 'down'> {
  readonly format: typeof RECORD_FORMAT
  /** By source, of what was swapped: the names of what an undo needs. */
  readonly kept?: Readonly<Record<string, readonly string[]>>
  /** The run that replaces the data, or brings the old back; written before it begins. */
  readonly run?: RestoreAttempt
}

export interface RestoreAttempt {
  readonly workflowId: string
  readonly runId: string
}

export interface RestoreRecords {
  read(restoreId: string): Promise<RestoreRecord | undefined>
  /** As `read`, but fails with `restore.not-found`. */
  require(restoreId: string): Promise<RestoreRecord>
  /** Newest first; those that cannot be read are problems, each in a sentence. */
  list(): Promise<{ readonly records: readonly RestoreRecord[]; readonly problems: readonly string[] }>
  /** Durable when it resolves. */
  write(record: Omit<RestoreRecord, 'format'>): Promise<void>
  remove(restoreId: string): Promise<void>
  /**
   * One at a time per restore, among all processes of the host: a swap whose run is gone may still be at work when
   * somebody resumes or undoes it. Fails with `lock.taken`.
   */
  withLock<T>(restoreId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export function restoreRecords(stateDir: string, lockWaitMs = LOCK_WAIT_MS): RestoreRecords {
  const folder = join(stateDir, 'restores')
  const locks = join(stateDir, 'locks')
  const fileOf = (restoreId: string): string => join(folder, `${encodeURIComponent(restoreId)}${ENDING}`)
  const read = (restoreId: string) => readRecord(fileOf(restoreId), restoreId)
  return {
    read,
    require: async (restoreId) => {
      const record = await read(restoreId)
      if (record) return record
      throw notFound(restoreId)
    },
    list: async () => {
      const records: RestoreRecord[] = []
      const problems: string[] = []
      for (const restoreId of await idsIn(folder)) {
        try {
          const record = await read(restoreId)
          if (record) records.push(record)
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error
          problems.push(error.message)
        }
      }
      return { records: records.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)), problems }
    },
    write: async (record) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await replaceDurably(
        fileOf(record.restoreId),
        `${JSON.stringify({ ...record, format: RECORD_FORMAT }, null, 2)}\n`,
      )
    },
    remove: async (restoreId) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await removeDurably(fileOf(restoreId))
    },
    withLock: async (restoreId, signal, work) => {
      await mkdir(locks, { recursive: true, mode: 0o700 })
      const file = join(locks, `restore-${encodeURIComponent(restoreId)}`)
      let isOurs = false
      try {
        return await withFileLock({ file, waitMs: lockWaitMs, signal, what: `Restore ${restoreId}` }, () => {
          isOurs = true
          return work()
        })
      } catch (error) {
        if (isOurs || !(error instanceof HoldfastError) || error.code !== 'lock.taken') throw error
        throw stillAtWork(restoreId, error)
      }
    },
  }
}

async function readRecord(file: string, restoreId: string): Promise<RestoreRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RestoreRecord
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new HoldfastError(
      'restore.not-allowed',
      `The record of restore ${restoreId}, ${file}, cannot be read.`,
      {
        hint: 'Compare the data with its safety copy, put it right, then remove the record.',
        cause: error,
      },
    )
  }
}

/** Ids begin with the time of their backup: by name, the newest backups come last. */
async function idsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => name.endsWith(ENDING) && !name.startsWith(UNFINISHED))
    .sort()
    .slice(-MAX_LISTED)
    .map((name) => decodeURIComponent(name.slice(0, -ENDING.length)))
}

export const notFound = (restoreId: string): HoldfastError =>
  new HoldfastError('restore.not-found', `There is no restore ${restoreId} on this host.`, {
    hint: '`holdfast restore list` shows the restores that are known.',
  })

const stillAtWork = (restoreId: string, cause: unknown): HoldfastError =>
  new HoldfastError('lock.taken', `Another process of this host is still at work on restore ${restoreId}.`, {
    hint: 'It is a worker that has lost its run: wait until it has ended, or end it, then try again.',
    cause,
  })
