import { closeSync, mkdirSync, openSync } from 'node:fs'
import { copyFile, open, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Of each log; one older part of the same size is kept beside it as `.1`. */
const MAX_LOG_BYTES = 10 * 2 ** 20

/**
 * A file that a child process writes to by itself, and goes on writing to when we are killed. Appending, so that it can
 * be emptied under the writer.
 */
export function openLog(file: string): { readonly descriptor: number; close(): void } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const descriptor = openSync(file, 'a', 0o600)
  return { descriptor, close: () => closeSync(descriptor) }
}

/** Keeps the log bounded. A line written in the very instant of the change may be lost; the writer is never stopped for it. */
export async function rotateLog(file: string, maxBytes: number = MAX_LOG_BYTES): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size <= maxBytes) return
  await copyFile(file, `${file}.1`)
  await truncate(file, 0)
}

/** The last lines, for a message that says why a process ended. */
export async function lastLines(file: string, lines: number, fromByte = 0): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (handle === undefined) return ''
  try {
    const { size } = await handle.stat()
    // A rotation may have emptied it since.
    const start = Math.max(fromByte <= size ? fromByte : 0, size - MAX_TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start)
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    await handle.close()
  }
}

const MAX_TAIL_BYTES = 8192
