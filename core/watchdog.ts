import type { Lease } from './work/holds.js'

/** What the journal says of a service that was stopped, as far as the rules need it. */
export interface OwedStart {
  readonly service: string
  readonly lease: Lease['kind']
  readonly bootId: string
  /** ISO. */
  readonly stopRequestedAt: string
  /** ISO; a write lease has none. */
  readonly deadlineAt?: string
}

/** The run of a guard or of a restore, as Temporal says it. `silent`: it does not answer, or not for certain. */
export type GuardSeen = 'open' | 'closed-or-unknown' | 'silent'

/** What to do about one entry of the journal, and why, as the end of a sentence. */
export type SettleDecision =
  | { readonly action: 'start'; readonly because: string }
  /** Not before that time (ISO), unless more is known until then. */
  | { readonly action: 'start-at'; readonly at: string; readonly because: string }
  /** It stays down, and a person has to decide. */
  | { readonly action: 'alarm'; readonly because: string }
  /** That, but not before that time (ISO), unless more is known until then. */
  | { readonly action: 'alarm-at'; readonly at: string; readonly because: string }
  /** Somebody else has it in hand. */
  | { readonly action: 'leave'; readonly because: string }

export interface Circumstances {
  /** Of the boot that the host is in now. */
  readonly bootId: string
  readonly guard: GuardSeen
  readonly now: Date
  /** For how long Temporal has not answered; of an answer it is of no matter. */
  readonly silentForMs: number
  /** How long a silence is borne: after the deadline, since the guard may still do it by itself, and before an alarm. */
  readonly graceMs: number
}

const SILENT_RESTORE = 'Temporal, which knows what became of its restore, does not answer'

const STILL_AT_WORK =
  'a process of this host is still at work on its restore: wait until it has ended, or end it'

/**
 * The watchdog's rule. Promises: what a restore holds is never started; what a backup holds is started at the latest
 * `graceMs` after its deadline, unless its guard is known to be at work.
 */
export function decideEntry(owed: OwedStart, circumstances: Circumstances): SettleDecision {
  const { bootId, guard } = circumstances
  if (owed.lease === 'write') return decideWrite(owed, circumstances)
  if (owed.bootId !== bootId) return start('the host was booted since')
  switch (guard) {
    case 'open':
      return { action: 'leave', because: 'its guard is at work' }
    case 'closed-or-unknown':
      return start('its guard is gone')
    case 'silent':
      return decideAlone(owed, circumstances)
  }
}

/** A restore whose guard is there is at work. Any other end but its own word that the data is whole is for a person. */
function decideWrite(
  owed: OwedStart,
  { bootId, guard, now, silentForMs, graceMs }: Circumstances,
): SettleDecision {
  if (owed.bootId !== bootId) return alarm('the host was booted during its restore')
  switch (guard) {
    case 'open':
      return { action: 'leave', because: 'a restore is at work' }
    case 'closed-or-unknown':
      return alarm('its restore ended without saying that the data is whole')
    case 'silent': {
      if (silentForMs >= graceMs) return alarm(SILENT_RESTORE)
      // A server that is started again is away for seconds, and nobody is called for that.
      const at = new Date(now.getTime() + graceMs - silentForMs).toISOString()
      return { action: 'alarm-at', at, because: SILENT_RESTORE }
    }
  }
}

/** A deadline that cannot be read is one that has passed: too early costs a backup, too late costs the service. */
function decideAlone({ deadlineAt, stopRequestedAt }: OwedStart, { now, graceMs }: Circumstances) {
  const dueMs = new Date(deadlineAt ?? stopRequestedAt).getTime() + graceMs
  if (!(dueMs > now.getTime())) return start('its time is over, and Temporal does not answer')
  return {
    action: 'start-at',
    at: new Date(dueMs).toISOString(),
    because: 'Temporal does not answer',
  } as const
}

/** Who brings a restore to its end that lies between old and new data. `unknown`: Temporal has not answered, but not for long. */
export type RestoreCare =
  | { readonly by: 'somebody' | 'unknown' }
  /** Why, as the end of a sentence. */
  | { readonly by: 'nobody'; readonly because: string }

/** `isAtWork`: a process of this host replaces or brings back its data right now, whatever became of its run. */
export function careOfRestore(
  run: GuardSeen,
  { isAtWork, silentForMs, graceMs }: Pick<Circumstances, 'silentForMs' | 'graceMs'> & { isAtWork: boolean },
): RestoreCare {
  if (isAtWork) return { by: 'somebody' }
  switch (run) {
    case 'open':
      return { by: 'somebody' }
    case 'closed-or-unknown':
      return { by: 'nobody', because: 'its restore ended without saying that it is whole' }
    case 'silent':
      return silentForMs < graceMs ? { by: 'unknown' } : { by: 'nobody', because: SILENT_RESTORE }
  }
}

/** When a person asked for this one by its name: all but a restore that is at work gives way. `isAtWork`: as for its care. */
export function decideAsked(
  { lease }: OwedStart,
  { guard, isAtWork }: Pick<Circumstances, 'guard'> & { readonly isAtWork: boolean },
): SettleDecision {
  if (lease === 'read') return start('you asked for it')
  if (guard === 'open') return { action: 'leave', because: 'a restore is at work: cancel it first' }
  if (isAtWork) return { action: 'leave', because: STILL_AT_WORK }
  return start('you asked for it')
}

const start = (because: string): SettleDecision => ({ action: 'start', because })
const alarm = (because: string): SettleDecision => ({ action: 'alarm', because })
