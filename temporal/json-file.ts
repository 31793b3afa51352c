import { mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stateFailure } from './state-failure.js'

/** Replaces the file as one: a reader sees the old value or the new one, also after a crash. 0600, its folder 0700. */
export async function writeJsonFile(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const scratch = await mkdtemp(`${file}.`)
  try {
    const temporary = join(scratch, 'new')
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(value, undefined, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Undefined when there is no such file, or when it is not what `isValid` knows: all that is kept so can be made anew. Fails as
 * `stateFailure` says where this user may not look.
 */
export async function readJsonFile<T>(
  file: string,
  isValid: (value: unknown) => value is T,
): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw await stateFailure(file, error)
  }
  try {
    const value: unknown = JSON.parse(text)
    return isValid(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
