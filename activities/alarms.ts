import type { AlarmInput } from '../core/work.js'

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
