import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo } from './driver.js'
import { unlessAbsent } from './local-failure.js'
import type { ReadFolder } from './object-tree.js'

/** Reads the folders below `root`. */
export const folderReader =
  (root: string): ReadFolder =>
  async (folder) => {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(unlessAbsent)
    return (entries ?? []).map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory(),
      info: async (objectName) => {
        const found = await lstat(join(root, objectName)).catch(unlessAbsent)
        return found?.isFile() ? infoOf(objectName, found) : undefined
      },
    }))
  }

export const infoOf = (name: string, found: Stats): ObjectInfo => ({
  name,
  bytes: found.size,
  modifiedAt: found.mtime,
})
