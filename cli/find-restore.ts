import { Args } from '@oclif/core'
import type { RestoreView } from '../operations/restore-ends.js'
import type { Session } from '../operations/session.js'

export const restoreArgument = Args.string({
  description: 'Id of the restore, `BACKUP/N`; a beginning that only it has will do.',
  required: true,
})

/** The restore that was named, from whichever host remembers it. */
export async function restoreNamed(session: Session, id: string): Promise<RestoreView> {
  const [{ findRestore }, { knownHosts }] = await Promise.all([
    import('../operations/restore-ends.js'),
    import('../operations/plans.js'),
  ])
  return findRestore(session, await knownHosts(session.site), id)
}
