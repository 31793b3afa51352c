import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isRecord, readJsonFile } from './json-file.js'
import { isAlive, type ProcessIdentity } from './processes.js'

/** Each lost race means that somebody else made progress; more than a few in a row cannot be chance. */
const MAX_TRIES = 5

/**
 * Makes `file` say `holder`, unless it names a living process, which is returned. What a dead process left is taken over.
 * The file is there whole or not at all: it is written beside and linked.
 */
export async function takePidFile<T extends ProcessIdentity>(
  file: string,
  holder: T,
): Promise<ProcessIdentity | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const scratch = await mkdtemp(`${file}.`)
  try {
    const own = join(scratch, 'own')
    await writeFile(own, `${JSON.stringify(holder, undefined, 2)}\n`, { mode: 0o600 })
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      if (await linked(own, file)) return undefined
      const other = await readPidFile(file)
      if (other !== undefined && isAlive(other)) return other
      await removeDead(file, scratch)
    }
    return await readPidFile(file)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

export const readPidFile = (file: string): Promise<ProcessIdentity | undefined> =>
  readJsonFile(
    file,
    (value): value is ProcessIdentity & Record<string, unknown> =>
      isRecord(value) && typeof value['pid'] === 'number' && typeof value['startTime'] === 'string',
  )

async function linked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moved away first and looked at again: between our look and the move, a living process may have taken it over. */
async function removeDead(file: string, scratch: string): Promise<void> {
  const moved = join(scratch, 'dead')
  try {
    await rename(file, moved)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const holder = await readPidFile(moved)
  if (holder !== undefined && isAlive(holder)) await linked(moved, file)
}
