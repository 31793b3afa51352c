import { HoldfastError } from '../../../core/errors.js'

/** How long somebody else's lock is waited for. */
export const BUSY_TIMEOUT_MS = 30_000

const MAX_EXCERPT_CHARACTERS = 200

/** What SQLite's last words mean; they are those of its library, whichever program printed them. */
export function sqliteFailure(file: string, stderr: string): HoldfastError {
  const words = (stderr.trim().split('\n').at(-1) ?? '').slice(0, MAX_EXCERPT_CHARACTERS)
  if (/malformed|not a database|disk image|corrupt/i.test(words)) return damaged(file, words)
  if (/locked|busy/i.test(words)) {
    return new HoldfastError('database.conflict', `SQLite database ${file} is locked: ${words}.`, {
      hint: `Something kept it locked for ${BUSY_TIMEOUT_MS / 1000} s: hold the service that uses it.`,
    })
  }
  if (/disk is full|disk full/i.test(words)) {
    return new HoldfastError('source.no-space', `There is no room for a copy of ${file}: ${words}.`, {
      hint: "Make room on the disk of the worker's state folder.",
    })
  }
  if (/unable to open|readonly|denied|authorization/i.test(words)) {
    return new HoldfastError('source.denied', `SQLite database ${file} could not be opened: ${words}.`, {
      hint: 'Run the worker as a user who may read the file and write to its folder, where SQLite keeps its locks.',
    })
  }
  return new HoldfastError('source.failed', `SQLite failed on ${file}: ${words}.`, {
    hint: `Try it by hand: sqlite3 ${file} "PRAGMA quick_check"`,
  })
}

export function damaged(file: string, found: string): HoldfastError {
  const [first = ''] = found.trim().split('\n')
  return new HoldfastError(
    'source.damaged',
    `SQLite database ${file} is damaged: ${first.slice(0, MAX_EXCERPT_CHARACTERS)}.`,
    { hint: 'Restore its last good backup, or rescue what is left of it: sqlite3 DATABASE .recover' },
  )
}

/**
 * A writer that crashed left a journal that must be played back, which only a connection that may write can do.
 * https://sqlite.org/rescode.html#readonly_rollback
 */
export const needsRecovery = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'source.denied' && /readonly database/.test(error.message)
