import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'

/** What a copy of a database does not carry of its file. */
export interface FileRecord {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Where the record of an object's file is among the hints of its item. */
export const fileHint = (part: string): string => `file.${part}`

export function recordOf(item: Item, object: StoredObject): FileRecord {
  const hint = item.hints[fileHint(object.part ?? '')]
  if (hint === undefined) {
    throw new HoldfastError('backup.corrupt', `The manifest does not say which file "${object.name}" is.`, {
      hint: 'Restore it by hand: docs/restore.md says how.',
    })
  }
  return JSON.parse(hint) as FileRecord
}
