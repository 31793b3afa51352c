import { HoldfastError, type ErrorCode } from '../../core/errors.js'
import type { Shell } from './driver.js'

/** A question is answered at once; a manager that takes this long hangs. */
const ANSWER_MS = 30_000
/** English messages, and times that can be read without the zone of the host; a person is never asked for a password. */
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', SYSTEMD_COLORS: '0' }
const MAX_WORDS = 300

/** What systemd says of a unit, as far as it matters here. */
export interface Unit {
  /** The one name: of an alias, that of the unit it stands for. */
  readonly id: string
  readonly loadState: string
  readonly activeState: string
  /** ISO; since when it is active. Left out where systemd does not know: never, or forgotten. */
  readonly activeSince?: string
  /** Another one after each start. */
  readonly invocationId?: string
  /** Units that start before this one where both do. */
  readonly after: readonly string[]
  /** Units that systemd stops when it stops this one. */
  readonly stopsAlso: readonly string[]
}

const STOPPED_WITH = ['RequiredBy', 'RequisiteOf', 'BoundBy', 'ConsistsOf', 'PropagatesStopTo']
const PROPERTIES = [
  ...['Id', 'LoadState', 'ActiveState', 'ActiveEnterTimestamp', 'InvocationID', 'After'],
  ...STOPPED_WITH,
]

export interface Systemctl {
  /** One answer for each name, in their order. */
  show(names: readonly string[], signal: AbortSignal): Promise<readonly Unit[]>
  /** Returns when systemd has done it. */
  run(verb: 'stop' | 'start', name: string, signal: AbortSignal): Promise<void>
}

/** Fails with `runtime.unreachable` where no systemd runs, and with `runtime.denied`. */
export function systemctl(shell: Shell): Systemctl {
  const call = (argv: readonly string[], failed: Failed, signal: AbortSignal) =>
    shell
      .run(['systemctl', '--no-ask-password', ...argv], {
        environment: ENVIRONMENT,
        signal,
        onExit: ({ stderr }) => {
          throw failureOf(stderr, failed)
        },
      })
      .catch((error: unknown) => {
        throw error instanceof HoldfastError && error.code === 'source.tool-missing'
          ? noSystemd(error)
          : error
      })

  return {
    show: async (names, signal) => {
      const argv = ['show', '--timestamp=us+utc', `--property=${PROPERTIES.join(',')}`, '--', ...names]
      const limit = AbortSignal.timeout(ANSWER_MS)
      const what = { code: 'runtime.unreachable' as const, text: `was asked for ${names.join(', ')}` }
      const { stdout } = await call(argv, what, AbortSignal.any([signal, limit])).catch((error: unknown) => {
        signal.throwIfAborted()
        throw limit.aborted ? hangs(error) : error
      })
      return stdout.trim().split(/\n\n+/).map(unitOf)
    },
    run: async (verb, name, signal) => {
      const failed = { code: `service.${verb}-failed` as const, text: `was asked to ${verb} ${name}`, name }
      await call([verb, '--', name], failed, signal)
    },
  }
}

/** Units of one answer are apart by an empty line; what a property says stands behind its name. */
function unitOf(block: string): Unit {
  const properties = new Map(
    block.split('\n').map((line): [string, string] => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)]
    }),
  )
  const text = (name: string) => properties.get(name) ?? ''
  const services = (name: string) =>
    text(name)
      .split(' ')
      .filter((unit) => unit.endsWith('.service'))
  const activeSince = instantOf(text('ActiveEnterTimestamp'))
  return {
    id: text('Id'),
    loadState: text('LoadState'),
    activeState: text('ActiveState'),
    ...(activeSince === undefined ? {} : { activeSince }),
    ...(text('InvocationID') === '' ? {} : { invocationId: text('InvocationID') }),
    after: services('After'),
    stopsAlso: [...new Set(STOPPED_WITH.flatMap(services))],
  }
}

/** `Sat 2026-11-21 07:36:44.123456 UTC`; versions before 249 leave out the fraction. */
function instantOf(timestamp: string): string | undefined {
  const [, day, time] = /^\w{3} (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) UTC$/.exec(timestamp) ?? []
  return day === undefined || time === undefined ? undefined : `${day}T${time}Z`
}

interface Failed {
  readonly code: ErrorCode
  /** What was asked, for the message. */
  readonly text: string
  readonly name?: string
}

function failureOf(stderr: string, { code, text, name }: Failed): HoldfastError {
  const words = stderr.trim().replaceAll(/\s+/g, ' ').slice(0, MAX_WORDS)
  const said = `systemd ${text}: ${words || 'it gave no reason'}`
  if (/access denied|authentication (is )?required|permission denied|not permitted/i.test(words)) {
    return new HoldfastError('runtime.denied', `The Holdfast worker may not use systemd: ${words}`, {
      hint: 'Run the worker as root, or allow its user to manage the unit by a rule of polkit.',
    })
  }
  if (/not been booted with systemd|failed to connect to bus|host is down/i.test(words))
    return noSystemd(words)
  if (/unrecognized option/i.test(words)) {
    return new HoldfastError('runtime.unreachable', `This systemd is too old for Holdfast: ${words}`, {
      hint: 'Holdfast needs systemd 247 or newer; describe the service as a `command` service instead.',
    })
  }
  if (name === undefined) {
    return new HoldfastError('service.invalid', said, {
      hint: 'Correct the name of the unit in the plan: "systemctl list-units --all" lists them.',
    })
  }
  if (/ not found\.?$/i.test(words)) return unitMissing(name, words)
  return new HoldfastError(code, said, {
    hint: `Look at "systemctl status ${name}" and "journalctl --unit ${name}".`,
  })
}

export const unitMissing = (name: string, cause?: unknown): HoldfastError =>
  new HoldfastError('service.not-found', `systemd knows no unit "${name}".`, {
    hint: 'Correct its name in the plan: "systemctl list-unit-files" lists them.',
    ...(cause === undefined ? {} : { cause }),
  })

const noSystemd = (cause: unknown): HoldfastError =>
  new HoldfastError(
    'runtime.unreachable',
    'systemd does not run on this host, or the Holdfast worker does not see it.',
    {
      hint: 'Run the worker on the host itself, not in a container; where there is no systemd, describe the service as a `command` service.',
      cause,
    },
  )

const hangs = (cause: unknown): HoldfastError =>
  new HoldfastError('runtime.unreachable', `systemd did not answer within ${ANSWER_MS / 1000} s.`, {
    hint: 'Look at "systemctl list-jobs" and "journalctl --boot" on the host.',
    cause,
  })
