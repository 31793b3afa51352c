import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AlarmInput } from '../core/work/alarm.js'
import { UNFINISHED, createDurably, removeDurably, replaceDurably } from './durable-file.js'
import type { Log } from './log.js'
import type { Shell } from './services/driver.js'

export interface Alarm extends AlarmInput {
  /** ISO. */
  readonly raisedAt: string
  readonly lastSeenAt: string
  readonly count: number
  readonly host: string
}

/** Open alarms of this host: one JSON file each, under `<stateDir>/alarms/`. */
export interface Alarms {
  /** Writes the record and, when it is new, runs `alarm.command` with it on stdin. Never throws: an alarm about an alarm helps nobody. */
  raise(alarm: AlarmInput): Promise<void>
  /** Forgets the alarm, when there is one. */
  resolve(cause: string): Promise<void>
  open(): Promise<readonly Alarm[]>
}

export interface AlarmsOptions {
  readonly stateDir: string
  readonly host: string
  /** `alarm.command` of holdfast.yaml. */
  readonly command?: readonly string[]
  readonly shell: Shell
  readonly clock: () => Date
  readonly log: Log
}

/** Telling somebody must not hold up what the alarm is about. */
const COMMAND_MS = 30_000

export function createAlarms(options: AlarmsOptions): Alarms {
  const { stateDir, host, clock, log } = options
  const folder = join(stateDir, 'alarms')
  const pathOf = (cause: string) =>
    join(folder, `${createHash('sha256').update(cause).digest('hex').slice(0, 32)}.json`)

  return {
    raise: async (input) => {
      const now = clock().toISOString()
      const alarm: Alarm = { ...input, raisedAt: now, lastSeenAt: now, count: 1, host }
      try {
        if (await record(folder, pathOf(input.cause), alarm)) await tell(alarm, options)
      } catch (error) {
        log.error('an alarm could not be recorded', { alarm, error })
        await tell(alarm, options)
      }
    },

    resolve: async (cause) => {
      // Looked for first: the folder may not exist, and nothing has to be made durable then.
      if (await read(pathOf(cause))) await removeDurably(pathOf(cause))
    },

    open: async () => {
      const names = await readdir(folder).catch(() => [])
      const files = names.filter((name) => name.endsWith('.json') && !name.startsWith(UNFINISHED))
      const alarms = await Promise.all(files.map((name) => read(join(folder, name))))
      return alarms
        .filter((alarm) => alarm !== undefined)
        .sort((one, other) => one.raisedAt.localeCompare(other.raisedAt))
    },
  }
}

/** True when the alarm is new. One that is open already is counted on. */
async function record(folder: string, path: string, alarm: Alarm): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (await createDurably(path, textOf(alarm))) return true
  const existing = await read(path)
  const next = existing ? { ...alarm, raisedAt: existing.raisedAt, count: existing.count + 1 } : alarm
  await replaceDurably(path, textOf(next))
  return existing === undefined
}

const textOf = (alarm: Alarm): string => `${JSON.stringify(alarm, undefined, 2)}\n`

async function read(path: string): Promise<Alarm | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isAlarm(value) ? value : unreadable(path)
  } catch {
    return unreadable(path)
  }
}

const isAlarm = (value: unknown): value is Alarm =>
  typeof value === 'object' &&
  value !== null &&
  ['cause', 'summary', 'hint', 'raisedAt', 'lastSeenAt', 'host'].every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'string',
  ) &&
  typeof (value as Record<string, unknown>)['count'] === 'number'

/** A damaged record is an alarm still: something went wrong, and nobody may miss that. */
const unreadable = (path: string): Alarm => ({
  cause: `alarm/${path}`,
  summary: `The record of an alarm cannot be read: ${path}`,
  hint: 'Look into the logs of the worker for what it was, then remove the file.',
  raisedAt: '1970-01-01T00:00:00.000Z',
  lastSeenAt: '1970-01-01T00:00:00.000Z',
  count: 1,
  host: '',
})

async function tell(alarm: Alarm, { command, shell, log }: AlarmsOptions): Promise<void> {
  if (!command) return
  try {
    const stdin = `${JSON.stringify(alarm)}\n`
    await shell.run(command, { stdin, signal: AbortSignal.timeout(COMMAND_MS) })
  } catch (error) {
    log.error('the alarm command failed', { cause: alarm.cause, error })
  }
}
