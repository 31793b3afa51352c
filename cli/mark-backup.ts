import { Flags } from '@oclif/core'
import type { Site } from '../core/site.js'
import type { MarkChange } from '../core/work.js'
import type { MarkedBackup } from '../operations/mark-copies.js'
import { backupNamed } from './find-backup.js'
import { unmarkedText } from './output/copies.js'
import { connected } from './session.js'

export const becauseFlag = Flags.string({ description: 'Why: kept with the mark.', helpValue: 'TEXT' })

/** Adds a mark to all copies of the backup that was named, deleted or not. `warn` is told of copies that were not reached. */
export async function markNamed(
  site: Site,
  mark: {
    readonly id: string
    readonly destination?: string | undefined
    readonly change: MarkChange
    readonly because?: string | undefined
    readonly warn: (problem: string) => void
  },
): Promise<MarkedBackup> {
  const { markCopies } = await import('../operations/mark-copies.js')
  return connected(site, async (session) => {
    const backup = await backupNamed(session, mark.id, mark.destination, 'all')
    const marked = await markCopies(session, backup, mark)
    for (const problem of [...(backup.problems ?? []), ...unmarkedText(marked)]) mark.warn(problem)
    return marked
  })
}
