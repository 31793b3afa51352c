import type { Logger } from '@temporalio/worker'
import type { Log } from '../activities/log.js'

const SAID_AGAIN_AFTER_MS = 60_000

/**
 * Where the logs of Temporal's SDK go: among ours. While a server is away its core says so of every call, several times a
 * second, and the log, which is bounded, would keep nothing else: of the lines of one part of the core, one is written a
 * minute, with `leftOut`, how many were not since the one before.
 */
export function createSdkLogger(log: Log, clock: () => Date): Logger {
  const parts = new Map<string, { readonly saidAtMs: number; leftOut: number }>()

  const write = (level: keyof Log, message: string, data?: Data): void => {
    if (data?.['sdkComponent'] !== 'core') return log[level](message, data)
    const part = `${level} ${String(data['target'])}`
    const nowMs = clock().getTime()
    const before = parts.get(part)
    if (before !== undefined && Math.abs(nowMs - before.saidAtMs) < SAID_AGAIN_AFTER_MS) {
      before.leftOut++
      return
    }
    parts.set(part, { saidAtMs: nowMs, leftOut: 0 })
    const leftOut = before?.leftOut ?? 0
    log[level](message, leftOut === 0 ? data : { ...data, leftOut })
  }

  return {
    log: (level, message, data) => write(nameOf(level), message, data),
    trace: (message, data) => write('debug', message, data),
    debug: (message, data) => write('debug', message, data),
    info: (message, data) => write('info', message, data),
    warn: (message, data) => write('warn', message, data),
    error: (message, data) => write('error', message, data),
  }
}

type Data = Readonly<Record<string, unknown>>

const nameOf = (level: string): keyof Log => {
  const name = level.toLowerCase()
  return name === 'info' || name === 'warn' || name === 'error' ? name : 'debug'
}
