import { Flags } from '@oclif/core'
import type { Site } from '../core/site.js'
import type { MarkChange, MarkResult } from '../core/work.js'
import { backupNamed } from './find-backup.js'
import { connected } from './session.js'

export const becauseFlag = Flags.string({ description: 'Why: kept with the mark.', helpValue: 'TEXT' })

/** Adds a mark to the backup that was named, deleted or not. */
export async function markNamed(
  site: Site,
  mark: {
    readonly id: string
    readonly destination?: string | undefined
    readonly change: MarkChange
    readonly because?: string | undefined
  },
): Promise<MarkResult> {
  const { markBackup } = await import('../operations/maintenance.js')
  return connected(site, async (session) =>
    markBackup(session, await backupNamed(session, mark.id, mark.destination, 'all'), mark),
  )
}
