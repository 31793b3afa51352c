import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../durable-file.js'
import { hasCode } from './local-failure.js'

/**
 * Which mark each place had when this host used it: one small file per place under `<stateDir>/destinations/`, so that
 * processes that meet places at the same time do not forget each other's.
 */
export interface RememberedPlaces {
  read(location: string): Promise<string | undefined>
  write(location: string, place: { id: string; name: string }): Promise<void>
  fileOf(location: string): string
}

export function createRememberedPlaces(stateDir: string): RememberedPlaces {
  const fileOf = (location: string): string => {
    // Locations hold slashes and may be longer than a file name.
    const digest = createHash('sha256').update(location).digest('hex').slice(0, 16)
    return join(stateDir, 'destinations', `${digest}.json`)
  }
  return {
    fileOf,
    read: async (location) => {
      try {
        return (JSON.parse(await readFile(fileOf(location), 'utf8')) as { id: string }).id
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined
        throw error
      }
    },
    write: async (location, place) => {
      const file = fileOf(location)
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      const temporary = `${file}.${place.id}.tmp`
      const handle = await open(temporary, 'w', 0o600)
      try {
        await handle.writeFile(`${JSON.stringify({ location, ...place })}\n`)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
      await syncFolder(dirname(file))
    },
  }
}
