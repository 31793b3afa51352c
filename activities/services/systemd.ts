import { HoldfastError } from '../../core/errors.js'
import type { ObservedService } from '../../core/work/holds.js'
import type { ServiceDriver, ServiceRelations, Shell } from './driver.js'
import { systemctl, unitMissing, type Systemctl, type Unit } from './systemctl.js'

/** A unit may take its time until it says that it is ready; systemd itself gives it 90 s by default. */
const START_MS = 120_000
/** Units that stop because another one stops; more are no service of anybody's plan. */
const MOST_DEPENDANTS = 200

export interface SystemdTools {
  readonly shell: Shell
  /** Units that this process runs in: they must never be stopped. */
  readonly ownUnits: readonly string[]
  /** Units that run our Temporal server, which is asked for anew: it may have been started since. Left out: it is not ours. */
  readonly temporalUnits?: () => Promise<readonly string[]>
  /** How long one start is waited for; it goes on after that. */
  readonly startMs?: number
}

/**
 * Services of the system's systemd. A unit that has failed counts as stopped. A stop waits as long as the plan says;
 * when systemd kills what does not stop is for the unit to say (`TimeoutStopSec`).
 */
export function systemdDriver({
  shell,
  ownUnits,
  temporalUnits = async () => [],
  startMs = START_MS,
}: SystemdTools): ServiceDriver {
  const systemd = systemctl(shell)
  const unitOf = async (name: string, signal: AbortSignal): Promise<Unit> => {
    const [unit] = await systemd.show([name], signal)
    if (!unit || (unit.loadState === 'not-found' && isAtRest(unit))) throw unitMissing(name)
    if (ownUnits.includes(unit.id))
      throw neverHeld(unit, 'Holdfast itself runs in it, and nobody would start it again')
    return unit
  }
  /** Before it is stopped: a look into the processes of this host is too much for every look at a unit. */
  const refuseTemporal = async (unit: Unit): Promise<void> => {
    if (!(await temporalUnits()).includes(unit.id)) return
    throw neverHeld(unit, 'it runs the Temporal server of Holdfast, without which nothing is started again')
  }

  return {
    resolve: async (name, signal) => {
      const unit = await unitOf(name, signal)
      if (unit.loadState !== 'loaded') throw notUsable(unit)
      await refuseTemporal(unit)
      return unit.id
    },

    observe: async (name, signal) => observed(name, await unitOf(name, signal)),

    isStarting: async (name, signal) => (await unitOf(name, signal)).activeState === 'activating',

    relations: async (name, signal) => relationsOf(systemd, await unitOf(name, signal), signal),

    stop: async (name, { mode, timeoutMs }, signal) => {
      if (mode === 'pause') throw cannotPause(name)
      const unit = await unitOf(name, signal)
      if (isAtRest(unit)) return
      await refuseTemporal(unit)
      await withinLimit(timeoutMs, signal, stillStopping(name, timeoutMs), (limited) =>
        systemd.run('stop', name, limited),
      )
      if (isAtRest(await unitOf(name, signal))) return
      throw new HoldfastError(
        'service.stop-failed',
        `Unit "${name}" is not stopped although systemd says so.`,
        {
          hint: `Somebody may have started it meanwhile: look at "journalctl --unit ${name}".`,
        },
      )
    },

    start: async (name, _how, signal) => {
      if ((await unitOf(name, signal)).activeState === 'active') return
      await withinLimit(startMs, signal, stillStarting(name, startMs), (limited) =>
        systemd.run('start', name, limited),
      )
      if (!isAtRest(await unitOf(name, signal))) return
      throw new HoldfastError('service.start-failed', `Unit "${name}" was started, and has ended again.`, {
        hint: `Look at "systemctl status ${name}" and "journalctl --unit ${name}".`,
      })
    },

    shell: (name) => {
      throw new HoldfastError('service.invalid', `Nothing can be run inside "systemd:${name}".`, {
        hint: 'Leave out `in:` of the source: its tools then run on the host.',
      })
    },
  }
}

const isAtRest = ({ activeState }: Unit): boolean => activeState === 'inactive' || activeState === 'failed'

function observed(name: string, unit: Unit): ObservedService {
  return {
    service: `systemd:${name}`,
    state: isAtRest(unit) ? 'stopped' : 'running',
    ...(unit.activeSince === undefined ? {} : { startedAt: unit.activeSince }),
    ...(unit.invocationId === undefined ? {} : { identity: unit.invocationId }),
    ...(unit.activeState === 'activating' ? { health: 'starting' as const } : {}),
  }
}

/** systemd stops with a unit what requires it, and nobody would start that again: found through all that is active. */
async function relationsOf(systemd: Systemctl, unit: Unit, signal: AbortSignal): Promise<ServiceRelations> {
  const stopped = new Set<string>()
  let next: readonly string[] = unit.stopsAlso
  while (next.length > 0 && stopped.size < MOST_DEPENDANTS) {
    const active = (await systemd.show(next.slice(0, MOST_DEPENDANTS), signal)).filter(
      (found) => !isAtRest(found),
    )
    for (const { id } of active) stopped.add(id)
    next = [...new Set(active.flatMap(({ stopsAlso }) => stopsAlso))].filter((id) => !stopped.has(id))
  }
  stopped.delete(unit.id)
  return { startsAfter: unit.after.map(reference), stopsAlso: [...stopped].map(reference) }
}

const reference = (name: string): string => `systemd:${name}`

async function withinLimit(
  limitMs: number,
  signal: AbortSignal,
  late: HoldfastError,
  work: (limited: AbortSignal) => Promise<void>,
): Promise<void> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    await work(AbortSignal.any([signal, limit]))
  } catch (error) {
    signal.throwIfAborted()
    throw limit.aborted ? late : error
  }
}

const neverHeld = ({ id }: Unit, why: string): HoldfastError =>
  new HoldfastError('service.invalid', `Unit "${id}" cannot be held: ${why}.`, {
    hint: 'Remove it from `hold.services` of the plan.',
  })

const notUsable = ({ id, loadState }: Unit): HoldfastError =>
  loadState === 'masked'
    ? new HoldfastError(
        'service.invalid',
        `Unit "${id}" is masked: once stopped, it could not be started again.`,
        {
          hint: `Run "systemctl unmask ${id}", or remove it from the plan.`,
        },
      )
    : new HoldfastError('service.invalid', `systemd cannot use unit "${id}" (${loadState}).`, {
        hint: `Run "systemd-analyze verify ${id}", and mend what it says.`,
      })

const cannotPause = (name: string): HoldfastError =>
  new HoldfastError('service.invalid', `Unit "${name}" cannot be paused: units are stopped and started.`, {
    hint: 'Write `mode: stop` in the hold of the plan.',
  })

const stillStopping = (name: string, limitMs: number): HoldfastError =>
  new HoldfastError('service.stop-failed', `Unit "${name}" did not stop within ${limitMs / 1000} s.`, {
    hint: 'Raise `hold.stopTimeout`, or lower TimeoutStopSec of the unit: systemd then kills it earlier.',
  })

const stillStarting = (name: string, limitMs: number): HoldfastError =>
  new HoldfastError('service.start-failed', `Unit "${name}" is still starting after ${limitMs / 1000} s.`, {
    hint: `Look at "systemctl status ${name}" and "journalctl --unit ${name}".`,
  })
