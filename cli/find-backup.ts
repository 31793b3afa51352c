import { Args, Flags } from '@oclif/core'
import type { BackupReference } from '../core/work/catalog.js'
import type { FoundBackup } from '../operations/backups.js'
import type { Session } from '../operations/session.js'

export const backupArgument = Args.string({
  description: 'Id of the backup; a beginning that only it has will do.',
  required: true,
})

export const destinationFlag = Flags.string({
  description: 'The copy at this destination, where it is at several.',
  helpValue: 'NAME',
})

/** The backup that was named, from whichever host reaches it. */
export async function backupNamed(
  session: Session,
  id: string,
  destination: string | undefined,
  among: NonNullable<BackupReference['among']> = 'listed',
): Promise<FoundBackup> {
  const [{ findBackup }, { knownHosts }] = await Promise.all([
    import('../operations/backups.js'),
    import('../operations/plans.js'),
  ])
  return findBackup(session, await knownHosts(session.site), {
    backupId: id,
    among,
    ...(destination === undefined ? {} : { destination }),
  })
}
