import type { Stats } from 'node:fs'
import { HoldfastError } from '../core/errors.js'

const WRITABLE_BY_OTHERS = 0o022

/** Who can write a configuration or a plan decides what runs with our rights: only its owner may. Fails with `config.unsafe`. */
export function refuseWritableByOthers(file: string, { mode }: Pick<Stats, 'mode'>): void {
  if ((mode & WRITABLE_BY_OTHERS) === 0) return
  throw new HoldfastError('config.unsafe', `Others can write ${file}, and so decide what is run here.`, {
    hint: `Run \`chmod go-w ${quoted(file)}\`, after a look at what it says.`,
    details: { file, mode: (mode & 0o777).toString(8).padStart(4, '0') },
  })
}

/** As an argument for a shell, for people to copy. */
const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
