import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SHELLS } from '../../cli/completion/scripts.js'

/** Which of the shells that we complete for are not here; undefined where all are. */
export function missingShells(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = SHELLS.filter((shell) => !folders.some((folder) => existsSync(join(folder, shell))))
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} on PATH`
}
