import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow'
import { assertNever } from '../../core/assert.js'
import type { GuardCommand, GuardEvent, GuardOutcome, HoldWindow } from '../../core/guard-state.js'
import { formatDuration } from '../../core/units.js'
import type { Lease } from '../../core/work/holds.js'
import { alarmActivities, waitActivities } from '../proxies.js'
import { ignoreCancellation, observe, start, stop, type Command, type Guarded } from './guard-calls.js'
import { leaseRevokedSignal, serviceReportSignal, tell } from './signals.js'

/** A restore may take its time; a person is told when it is this long. */
const WRITE_OVERDUE_MS = 4 * 3_600_000

/** What carries out a guard's decisions, and reports what came of them as events. */
export interface GuardHands {
  readonly perform: (command: GuardCommand) => void
  /** Resolves when the guard has decided to close, and everything that it began to say was said. */
  readonly closed: () => Promise<GuardEnd>
}

export interface GuardEnd {
  readonly outcome: GuardOutcome
  readonly reason: string
}

type Report = (event: GuardEvent) => void

export function guardHands(guarded: Guarded, report: Report): GuardHands {
  const watches = watchHolders(guarded, report)
  const speech = speaker(guarded)
  let window: HoldWindow | undefined
  let clock: CancellationScope | undefined
  let stopping: CancellationScope | undefined
  let end: GuardEnd | undefined

  const perform = (command: GuardCommand): void => {
    switch (command.type) {
      case 'observe':
        return void observe(guarded, command).then(report)
      case 'stop':
        window = command.window
        clock = startClock(window, report)
        stopping = new CancellationScope()
        setCurrentDetails(detailsOf(guarded.service, window))
        return void stopping.run(() => stop(guarded, command)).then(report)
      case 'cancel-stop':
        return stopping?.cancel()
      case 'start': {
        clock?.cancel()
        const onSlow = () => report({ type: 'start-slow' })
        const stopTimeoutMs = window?.stopTimeoutMs ?? 0
        return void start(guarded, command, { stopTimeoutMs, onSlow }).then(report)
      }
      case 'watch':
        return watches.watch(command.lease)
      case 'unwatch':
        return watches.unwatch(command.leaseId)
      case 'revoke':
      case 'report':
      case 'alarm':
      case 'resolve-alarm':
        return speech.say(command)
      case 'close':
        clock?.cancel()
        end = command
        return
      default:
        return assertNever(command)
    }
  }

  return {
    // Events come from handlers too, which run in the root scope: what they begin must survive the guard's cancellation.
    perform: (command) => void CancellationScope.nonCancellable(async () => perform(command)),
    closed: async () => {
      await condition(() => end !== undefined && speech.isSilent())
      return end as GuardEnd
    },
  }
}

function startClock({ kind, maxDowntimeMs }: HoldWindow, report: Report): CancellationScope {
  const clock = new CancellationScope()
  const [limit, summary, event] =
    kind === 'read'
      ? ([maxDowntimeMs, 'longest downtime allowed', 'deadline'] as const)
      : ([WRITE_OVERDUE_MS, 'a restore that takes very long', 'overdue'] as const)
  void clock.run(() => sleep(limit, { summary })).then(() => report({ type: event }), ignoreCancellation)
  return clock
}

function watchHolders({ host }: Guarded, report: Report) {
  const scopes = new Map<string, CancellationScope>()
  return {
    watch: ({ leaseId, holder }: Lease): void => {
      const scope = new CancellationScope()
      scopes.set(leaseId, scope)
      void scope
        .run(() => waitActivities(host).watchHolder(holder.workflowId, holder.runId))
        .then(
          (how) => report({ type: 'holder-gone', leaseId, how }),
          // A watch that fails says nothing about the holder: the deadline still protects the service.
          (error: unknown) => {
            if (!isCancellation(error)) log.warn('holder is not watched', { leaseId, error: String(error) })
          },
        )
    },
    unwatch: (leaseId: string): void => {
      scopes.get(leaseId)?.cancel()
      scopes.delete(leaseId)
    },
  }
}

/** What is said to others neither delays a start nor fails because they are gone; but it is said before the guard closes. */
function speaker({ host, service }: Guarded) {
  const alarms = alarmActivities(host, 'guard')
  let saying = 0

  const speak = (command: Command<'revoke' | 'report' | 'alarm' | 'resolve-alarm'>): Promise<unknown> => {
    switch (command.type) {
      case 'revoke': {
        const { lease, reason } = command
        const message = { leaseId: lease.leaseId, service, reason }
        return tell(lease.holder, (holder) => holder.signal(leaseRevokedSignal, message))
      }
      case 'report': {
        const { lease, report } = command
        return tell(lease.holder, (holder) =>
          holder.signal(serviceReportSignal, { leaseId: lease.leaseId, report }),
        )
      }
      case 'alarm':
        return alarms.raiseAlarm(command.alarm)
      case 'resolve-alarm':
        return alarms.resolveAlarm(command.cause)
      default:
        return assertNever(command)
    }
  }

  return {
    say: (command: Parameters<typeof speak>[0]): void => {
      saying++
      void speak(command)
        .catch((error: unknown) => log.warn('could not tell', { what: command.type, error: String(error) }))
        .finally(() => saying--)
    },
    isSilent: () => saying === 0,
  }
}

function detailsOf(
  service: string,
  { kind, mode, maxDowntimeMs, stopRequestedAt, deadlineAt }: HoldWindow,
): string {
  const purpose = kind === 'read' ? 'a backup' : 'a restore'
  const end =
    deadlineAt === undefined
      ? 'It starts when the restore says so.'
      : `It starts at ${deadlineAt} at the latest (${formatDuration(maxDowntimeMs)}).`
  return `**${service}**: ${mode} since ${stopRequestedAt}, for ${purpose}.\n\n${end}`
}
