import type { Log } from '../../activities/log.js'

export interface FakeLog extends Log {
  readonly lines: { level: string; message: string; data?: Readonly<Record<string, unknown>> }[]
}

export function fakeLog(): FakeLog {
  const lines: FakeLog['lines'] = []
  const at = (level: string) => (message: string, data?: Readonly<Record<string, unknown>>) =>
    void lines.push({ level, message, ...(data === undefined ? {} : { data }) })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
