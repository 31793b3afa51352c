import pino, { type DestinationStream } from 'pino'
import { redacted } from './redact.js'

/** Static message, data beside it. Redacts what looks like a secret. */
export interface Log {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void
  info(message: string, data?: Readonly<Record<string, unknown>>): void
  warn(message: string, data?: Readonly<Record<string, unknown>>): void
  error(message: string, data?: Readonly<Record<string, unknown>>): void
}

export interface LogOptions {
  /** Takes one line of JSON at a time. */
  readonly destination: DestinationStream
  readonly clock: () => Date
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  /** Beside every line: role of the worker, host. */
  readonly base?: Readonly<Record<string, string>>
}

/** A log of JSON lines: `{ level, time, message, … }`. */
export function createLog({ destination, clock, level = 'info', base = {} }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base,
      messageKey: 'message',
      timestamp: () => `,"time":"${clock().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  const write =
    (at: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, data: Readonly<Record<string, unknown>> = {}): void =>
      logger[at](redacted(data), message)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
