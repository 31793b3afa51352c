import { WorkflowNotFoundError } from '@temporalio/client'
import type { JournalEntry } from '../activities/journal/journal.js'
import type { GuardSeen } from '../core/watchdog.js'
import type { ClientConnection } from '../temporal/connection.js'

/** A server that is there answers within milliseconds; under load within seconds. */
const ANSWER_MS = 5000
/** Waiting again for a server that has just not answered, with a service to be started, helps nobody. */
const SILENT_FOR_MS = 5000

export interface GuardAsker {
  /** Never fails: whatever goes wrong, nothing is known. */
  ask(guard: JournalEntry['guard']): Promise<GuardSeen>
  /** Since the first of the questions in a row that nobody has answered; 0 when the last one was. */
  silentForMs(): number
  /** The next question connects anew, and what was silent is forgotten. */
  close(): Promise<void>
}

/**
 * Asks Temporal for runs of guards and of restores, over a connection that is made at the first question, kept while it answers,
 * and given up when it does not: the embedded server may come back at another address.
 *
 * @param connect without retries: they would outlive the limit of an answer
 */
export function createGuardAsker(connect: () => Promise<ClientConnection>, clock: () => Date): GuardAsker {
  let connecting: Promise<ClientConnection> | undefined
  let silence: { readonly firstAtMs: number; readonly lastAtMs: number } | undefined
  const nowMs = () => clock().getTime()
  const sinceMs = (atMs: number) => Math.abs(nowMs() - atMs)

  const giveUp = async (): Promise<void> => {
    const given = connecting
    connecting = undefined
    await given?.then(({ close }) => close()).catch(() => undefined)
  }

  return {
    ask: async (guard) => {
      if (silence !== undefined && sinceMs(silence.lastAtMs) < SILENT_FOR_MS) return 'silent'
      const current = (connecting ??= connect())
      try {
        const seen = await look(await current, guard)
        silence = undefined
        return seen
      } catch {
        silence = { firstAtMs: silence?.firstAtMs ?? nowMs(), lastAtMs: nowMs() }
        if (connecting === current) await giveUp()
        return 'silent'
      }
    },
    silentForMs: () => (silence === undefined ? 0 : sinceMs(silence.firstAtMs)),
    close: () => {
      silence = undefined
      return giveUp()
    },
  }
}

/** Fails when Temporal does not answer. */
async function look({ client }: ClientConnection, guard: JournalEntry['guard']): Promise<GuardSeen> {
  try {
    const { status } = await client.withAbortSignal(AbortSignal.timeout(ANSWER_MS), () =>
      client.workflow.getHandle(guard.workflowId, guard.runId).describe(),
    )
    return status.name === 'RUNNING' || status.name === 'PAUSED' ? 'open' : 'closed-or-unknown'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'closed-or-unknown'
    throw error
  }
}
