import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

/** Writes what people should not have to read into a file of their own; undefined where that fails too. */
export async function writeBugFile(thrown: unknown, argv: readonly string[]): Promise<string | undefined> {
  const file = join(tmpdir(), `holdfast-bug-${process.pid}-${Date.now()}.log`)
  try {
    // `wx` and 0600: never through a link that somebody else put there, never readable by others.
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(
        [
          `time: ${new Date().toISOString()}`,
          `node: ${process.version} on ${process.platform} ${process.arch}`,
          `arguments: ${JSON.stringify(argv)}`,
          '',
          inspect(thrown, { depth: 6 }),
          '',
        ].join('\n'),
      )
    } finally {
      await handle.close()
    }
    return file
  } catch {
    return undefined
  }
}
