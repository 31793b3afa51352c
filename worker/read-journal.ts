import { stat } from 'node:fs/promises'
import { createJournal } from '../activities/journal/files.js'
import type { Journal, JournalListing } from '../activities/journal/journal.js'
import { HoldfastError } from '../core/errors.js'
import { bootId } from '../temporal/processes.js'

/** What commands that need no worker are told of the journal. */
export interface JournalView extends JournalListing {
  readonly folder: string
}

/** The journal of a state folder. Changes nothing, and needs no more than the right to read. */
export const viewJournal = async (stateDir: string): Promise<JournalView> => {
  const journal = createJournal({ stateDir, bootId: bootId() })
  return { folder: journal.folder, ...(await listExisting(journal)) }
}

/** Fails with `journal.missing` when nothing was ever stopped from this state folder, or when it is another one. */
export async function listExisting(journal: Journal): Promise<JournalListing> {
  const isThere = await stat(journal.folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
  // One that is there and may not be read fails by itself, with a better reason.
  if (isThere) return journal.list()
  throw new HoldfastError('journal.missing', `There is no journal at ${journal.folder}.`, {
    hint: 'Nothing was ever stopped from this state folder; or `stateDir` is not that of the worker, or is not mounted here.',
  })
}
