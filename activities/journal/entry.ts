import { validatorOf } from '../../schemas/validators.js'
import type { JournalEntry } from './journal.js'

/** The entry that a file holds; undefined for anything that is not whole. */
export function parseEntry(text: string): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return validatorOf('journal-entry')(value) ? (value satisfies JournalEntry) : undefined
  } catch {
    return undefined
  }
}

export const entryText = (entry: JournalEntry): string => `${JSON.stringify(entry, undefined, 2)}\n`
