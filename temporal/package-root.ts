import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folder of this package: sources and built files lie at different depths below it. */
export function packageRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('Impossible: this program lies outside of its package')
    folder = parent
  }
  return folder
}
