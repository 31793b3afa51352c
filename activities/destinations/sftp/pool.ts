import type { SftpSession } from './session.js'

/** Of one place. OpenSSH takes ten before it drops some; a single one does not fill a fast line. */
const MAX_SESSIONS = 4
/** Long enough for the next step of a run, short enough for no firewall to forget it. */
const IDLE_MS = 30_000

/** A right to use a session; others may use it too. */
export interface SessionLease {
  readonly session: SftpSession
  /** May run twice. */
  readonly release: () => void
}

interface Member {
  readonly opening: Promise<SftpSession>
  session?: SftpSession
  users: number
  idle?: NodeJS.Timeout
}

/**
 * Connections that wait a moment for their next use. Idle ones do not keep the process from ending. There is never a wait for
 * another operation to end: beyond the limit, operations share connections.
 */
export class SftpPool {
  readonly #members = new Map<string, Member[]>()

  /** `key`: sessions with the same one are interchangeable. Fails as `connect` does, and when the signal aborts. */
  async take(key: string, connect: () => Promise<SftpSession>, signal: AbortSignal): Promise<SessionLease> {
    signal.throwIfAborted()
    const member = this.#choose(key) ?? this.#open(key, connect)
    member.users++
    clearTimeout(member.idle)
    member.session?.keepProcess(true)
    try {
      const session = await unlessAborted(member.opening, signal)
      let isReleased = false
      const release = () => {
        if (isReleased) return
        isReleased = true
        this.#leave(key, member)
      }
      return { session, release }
    } catch (error) {
      this.#leave(key, member)
      throw error
    }
  }

  /** An idle one; else none while there may be more; else the one with the fewest users. */
  #choose(key: string): Member | undefined {
    const living = (this.#members.get(key) ?? []).filter((member) => member.session?.isLost !== true)
    this.#members.set(key, living)
    const [least] = [...living].sort((one, other) => one.users - other.users)
    return least && (least.users === 0 || living.length >= MAX_SESSIONS) ? least : undefined
  }

  #open(key: string, connect: () => Promise<SftpSession>): Member {
    const member: Member = { opening: connect(), users: 0 }
    this.#members.get(key)?.push(member)
    member.opening.then(
      (session) => {
        member.session = session
        // Everybody who waited for it was cancelled meanwhile.
        if (member.users === 0) this.#rest(key, member)
      },
      () => this.#forget(key, member),
    )
    return member
  }

  #leave(key: string, member: Member): void {
    member.users--
    if (member.users === 0) this.#rest(key, member)
  }

  #rest(key: string, member: Member): void {
    member.session?.keepProcess(false)
    clearTimeout(member.idle)
    member.idle = setTimeout(() => {
      this.#forget(key, member)
      member.session?.close()
    }, IDLE_MS)
    member.idle.unref()
  }

  #forget(key: string, member: Member): void {
    this.#members.set(
      key,
      (this.#members.get(key) ?? []).filter((other) => other !== member),
    )
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
