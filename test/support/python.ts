import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The system's own before others on PATH: managers of versions put slow scripts there. */
const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]

/** Path of a Python 3. */
export const python: string | undefined = folders
  .map((folder) => join(folder, 'python3'))
  .find((path) => existsSync(path))

/** Why no Python can be run here; undefined where one can. */
export const missingPython = (): string | undefined =>
  python === undefined ? 'no python3 on PATH' : undefined
