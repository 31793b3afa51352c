import { HoldfastError } from '../core/errors.js'
import type { MarkChange, MarkResult } from '../core/work/catalog.js'
import type { FoundBackup, FoundCopy } from './backups.js'
import { askHost } from './questions.js'
import type { Session } from './session.js'

export interface MarkedBackup {
  readonly backupId: string
  /** False: all its copies were so already. */
  readonly isChanged: boolean
  readonly copies: readonly MarkResult[]
  /** Copies that are not marked, each with why. */
  readonly failed: readonly { readonly destination: string; readonly problem: string }[]
}

/**
 * Says something of a backup: beside every copy that was found, since it holds for all. Takes no lock, and waits for no run.
 * Fails where none could be marked.
 */
export async function markCopies(
  session: Session,
  { manifest, copies }: FoundBackup,
  { change, because }: { change: MarkChange; because?: string | undefined },
): Promise<MarkedBackup> {
  const marked: MarkResult[] = []
  const failures: { destination: string; error: HoldfastError }[] = []
  for (const { destination, reachedFrom } of meantBy(change, copies)) {
    const reference = { backupId: manifest.id, destination }
    const mark = { reference, change, ...(because === undefined ? {} : { because }) }
    try {
      marked.push(await askHost(session, reachedFrom, 'markBackup', mark))
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      failures.push({ destination, error })
    }
  }
  const [first] = failures
  if (marked.length === 0 && first !== undefined) throw first.error
  return {
    backupId: manifest.id,
    isChanged: marked.some(({ isChanged }) => isChanged),
    copies: marked,
    failed: failures.map(({ destination, error }) => ({ destination, problem: error.message })),
  }
}

/** Copies that are deleted are only brought back; where all are, they are asked and say so. */
function meantBy(change: MarkChange, copies: readonly FoundCopy[]): readonly FoundCopy[] {
  const meant = copies.filter(({ marks }) => (marks.deletion !== undefined) === (change === 'undelete'))
  return meant.length > 0 ? meant : copies
}
