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

/**
 * A configuration that was only found decides what runs with our rights: somebody else could have laid it there, and waited.
 * Fails with `config.unsafe`, unless it belongs to one of the owners.
 */
export function refuseOwnedByOthers(
  file: string,
  { uid }: Pick<Stats, 'uid'>,
  owners: readonly number[],
): void {
  if (owners.includes(uid)) return
  throw new HoldfastError(
    'config.unsafe',
    `${file} was found from the working folder upward, and belongs to user ${uid}, who so decides what is run here.`,
    {
      hint: `If you trust it, name it: --config ${quoted(file)}. Else run this in another folder.`,
      details: { file, ownerId: uid },
    },
  )
}

/**
 * Whose configuration may be found: root's, one's own, and, under sudo, that of who called it: git asks the same of a
 * repository.
 */
export function trustedOwners(
  uid: number,
  env: Readonly<Record<string, string | undefined>>,
): readonly number[] {
  const caller = env['SUDO_UID'] ?? ''
  return uid === 0 && /^\d+$/.test(caller) ? [0, Number(caller)] : [0, uid]
}

/** As an argument for a shell, for people to copy. */
const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
