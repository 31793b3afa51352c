import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { StagedItem } from '../core/work.js'
import { removeDurably, replaceDurably } from './durable-file.js'

const RECORD_FORMAT = 'holdfast.restore/1'

/**
 * What this host staged and swapped of one restore. Swapping and discarding go by it alone: whatever Temporal asks for,
 * nothing is renamed or removed that was not staged here.
 */
export interface RestoreRecord {
  readonly format: typeof RECORD_FORMAT
  readonly restoreId: string
  readonly backupId: string
  readonly host: string
  readonly startedAt: string
  readonly swappedAt?: string
  readonly state: 'staged' | 'swapping' | 'swapped' | 'undone' | 'half-undone'
  /** Of `undone` and `half-undone`: the sentence that the restore failed with. */
  readonly failure?: string
  readonly items: readonly StagedItem[]
}

export interface RestoreRecords {
  read(restoreId: string): Promise<RestoreRecord | undefined>
  /** Durable when it resolves. */
  write(record: Omit<RestoreRecord, 'format'>): Promise<void>
  remove(restoreId: string): Promise<void>
}

export function restoreRecords(stateDir: string): RestoreRecords {
  const folder = join(stateDir, 'restores')
  const fileOf = (restoreId: string): string => join(folder, `${encodeURIComponent(restoreId)}.json`)
  return {
    read: async (restoreId) => {
      const file = fileOf(restoreId)
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
    },
    write: async (record) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await replaceDurably(
        fileOf(record.restoreId),
        `${JSON.stringify({ format: RECORD_FORMAT, ...record }, null, 2)}\n`,
      )
    },
    remove: async (restoreId) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await removeDurably(fileOf(restoreId))
    },
  }
}
