import { CancellationScope, sleep } from '@temporalio/workflow'
import type { HoldReport, Item } from '../../core/backup.js'
import { isRetryable } from '../../core/errors.js'
import { errorOf } from '../../core/failure.js'
import type { BackupJob, HoldSpec, NamedSource, ResolvedHold, ResolvedSet } from '../../core/job.js'
import { decideRepeat, type Route } from '../../core/spool.js'
import type { LeaseGrant } from '../../core/work/holds.js'
import { captureActivity } from '../proxies.js'
import type { Inbox } from './inbox.js'
import type { ProgressBoard } from './progress-board.js'
import { forgetSpooled, uploadSet } from './upload-set.js'
import { whileHeld, type Held } from './while-held.js'

/** Between two tries of a set: the services are back and breathe. */
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 5 * 60_000

/** What captures need to know of their run. */
export interface CaptureRun {
  readonly job: BackupJob
  readonly backupId: string
  readonly takenAt: string
  readonly destination: string
  /** Of what is read under holds. Left out: direct. */
  readonly route?: Route
  readonly inbox: Inbox
  readonly board: ProgressBoard
}

export interface CapturedSet {
  readonly items: readonly Item[]
  readonly reports: readonly HoldReport[]
}

/**
 * Reads one set: live sources as they are, the others under one hold, one after another. When a capture under a hold is
 * lost, the hold ends and the whole set is read again under a new one: half a set from each would be no set. What went
 * through the spool is at the destination when this returns; the services were back before.
 */
export async function captureSet(run: CaptureRun, set: ResolvedSet): Promise<CapturedSet> {
  const { hold } = set
  if (hold === undefined) {
    return { items: await captureAll(run, set.sources, { attempt: 1, grants: [] }), reports: [] }
  }
  let route = run.route ?? 'direct'
  let attemptsLeft = run.job.attempts
  for (let attempt = 1; ; attempt++) {
    attemptsLeft--
    const lost: unknown[] = []
    const onLost = (error: unknown) => lost.push(error)
    try {
      const captured = await captureHeld(run, { sources: set.sources, hold, attempt, route, onLost })
      if (route === 'spool') await uploadSet(run, captured.items, onLost)
      return captured
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error
      const repeat = decideRepeat({ ...verdictOn(lost), route, attemptsLeft })
      if (repeat === undefined) throw error
      if (route === 'spool') await forgetSpooled(run)
      if (repeat.route !== route) run.board.warn(withoutSpool(run, error))
      route = repeat.route
      if (!repeat.counts) attemptsLeft++
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
      await sleep(pause, { summary: `before try ${attempt + 1}` })
    }
  }
}

/** A lost worker, a server that was away: worth another try. What is not expected is a bug, and stays one. */
function verdictOn(lost: readonly unknown[]) {
  const known = lost.map(errorOf).filter((error) => error !== undefined)
  return { codes: known.map(({ code }) => code), isRetryable: known.some(({ kind }) => isRetryable(kind)) }
}

const withoutSpool = ({ destination }: CaptureRun, error: unknown): string =>
  `${errorOf(error)?.message ?? String(error)} The set is read once more, and its services stay down until "${destination}" has everything.`

interface HeldAttempt {
  readonly sources: readonly NamedSource[]
  readonly hold: ResolvedHold
  readonly attempt: number
  readonly route: Route
  /** A capture failed, and not the hold itself: another may do better, also when this one was over by then. */
  readonly onLost: (error: unknown) => void
}

async function captureHeld(
  run: CaptureRun,
  { sources, hold, attempt, route, onLost }: HeldAttempt,
): Promise<CapturedSet> {
  const { inbox, board, job } = run
  const wish = {
    host: job.host,
    hold,
    kind: 'read' as const,
    onChange: board.hold,
    releaseAs: () => 'done' as const,
  }
  const { value: items, reports } = await whileHeld(inbox, wish, async (held) => {
    try {
      return await captureAll(run, sources, { attempt, route, hold, grants: held.grants, held })
    } catch (error) {
      onLost(error)
      throw error
    }
  })
  return { items, reports }
}

interface CaptureAttempt {
  readonly attempt: number
  readonly route?: Route
  readonly hold?: ResolvedHold
  readonly grants: readonly LeaseGrant[]
  readonly held?: Held
}

async function captureAll(
  run: CaptureRun,
  sources: readonly NamedSource[],
  { attempt, route = 'direct', hold, grants, held }: CaptureAttempt,
): Promise<readonly Item[]> {
  const { job, board, backupId, takenAt, destination } = run
  const capture = captureActivity(job.host, hold === undefined ? 'live' : 'held', job.timeoutMs)
  const items: Item[] = []
  for (const source of sources) board.source(source.name, { state: 'pending', attempt })
  board.enter('capturing')
  for (const source of sources) {
    board.source(source.name, { state: 'running' })
    const item = await capture
      .executeWithOptions({ summary: `${source.source.type} ${source.name}` }, [
        {
          backupId,
          plan: job.plan,
          takenAt,
          destination,
          source,
          compression: job.compression,
          ...encryptionOf(job),
          ...(route === 'direct' ? {} : { route }),
          attempt,
          ...(hold === undefined ? {} : { hold: recorded(hold) }),
          grants,
        },
      ])
      .catch((error: unknown) => {
        board.source(source.name, { state: 'failed' })
        throw error
      })
    // Read to its end all the same: an inconsistent backup can be better than none, and says what it is.
    items.push(held?.revokedBecause() === undefined ? item : { ...item, isConsistent: false })
    board.source(source.name, { state: 'done', ...bytesOf(item) })
  }
  return items
}

/** For inputs of activities: left out where the plan is not encrypted. */
export const encryptionOf = ({ encryption }: BackupJob): Pick<BackupJob, 'encryption'> =>
  encryption === undefined ? {} : { encryption }

/** What manifests say of a hold: a restore asks its own host what needs what. */
const recorded = ({ startAfter: _startAfter, ...hold }: ResolvedHold): HoldSpec => hold

const bytesOf = ({ objects }: Item) => ({
  plainBytes: objects.reduce((total, { plainBytes }) => total + plainBytes, 0),
  storedBytes: objects.reduce((total, { storedBytes }) => total + storedBytes, 0),
})
