import type { Handle, PKCS11 } from 'pkcs11js'
import { HoldfastError } from '../../../core/errors.js'
import type { Library } from './library.js'
import type { TokenPlace } from './questions.js'

/** A conversation with a token, by its user. */
export interface Session extends Library {
  readonly handle: Handle
}

/** Named in a hint: more would not be read. */
const TOKENS_NAMED = 10

/**
 * Gives `work` a session with the token of the place, in which its user is logged in; closed in any case. Fails with
 * `key.not-found` where no token has the label, with `key.invalid` where several have, with `key.denied` where a PIN could
 * lock the token, and as the module does.
 */
export function withSession<T>(
  library: Library,
  place: TokenPlace,
  { mode, work }: { readonly mode: 'read' | 'write'; readonly work: (session: Session) => T },
): T {
  const { module, constants } = library
  const slot = slotOf(library, place)
  const flags = constants.CKF_SERIAL_SESSION | (mode === 'write' ? constants.CKF_RW_SESSION : 0)
  const handle = module.C_OpenSession(slot, flags)
  try {
    module.C_Login(handle, constants.CKU_USER, place.pin)
    return work({ ...library, handle })
  } finally {
    closeSession(module, handle)
  }
}

/** The user is logged out with the last session. What it was for has succeeded or failed already. */
function closeSession(module: PKCS11, handle: Handle): void {
  try {
    module.C_CloseSession(handle)
  } catch {
    // The token is gone, and its sessions with it.
  }
}

function slotOf({ module, constants }: Library, { name, token, module: path }: TokenPlace): Handle {
  const tokens = module.C_GetSlotList(true).map((slot) => {
    const { label, flags } = module.C_GetTokenInfo(slot)
    return { slot, label: label.trimEnd(), flags }
  })
  const [found, ...others] = tokens.filter(({ label }) => label === token)
  if (found === undefined) {
    const labels = tokens.map(({ label }) => label).filter((label) => label !== '')
    const seen = labels.slice(0, TOKENS_NAMED).map((label) => `"${label}"`)
    throw new HoldfastError('key.not-found', `Token "${token}" of key "${name}" is not there.`, {
      hint: `Is it plugged in, or its service reachable? ${seen.length === 0 ? `Module ${path} shows no token at all` : `Module ${path} shows ${seen.join(', ')}`}, to the user and in the environment of the Holdfast worker.`,
    })
  }
  if (others.length > 0)
    throw new HoldfastError(
      'key.invalid',
      `${others.length + 1} tokens have the label "${token}", which key "${name}" names.`,
      {
        hint: 'Give one of them another label.',
      },
    )
  requireTries(found.flags, constants, { name, token })
  return found.slot
}

/** The last try is left to a person: a token that is locked takes all of its keys with it. */
function requireTries(
  flags: number,
  { CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY }: Library['constants'],
  { name, token }: Pick<TokenPlace, 'name' | 'token'>,
): void {
  if ((flags & CKF_USER_PIN_LOCKED) !== 0) throw pinLocked({ name, token })
  if ((flags & CKF_USER_PIN_FINAL_TRY) !== 0)
    throw new HoldfastError(
      'key.denied',
      `Token "${token}" of key "${name}" would lock itself at one more wrong PIN: it was not tried.`,
      {
        hint: 'Log in by hand with the right PIN, which makes it count anew: pkcs11-tool --login --list-objects',
      },
    )
}

export const pinLocked = ({ name, token }: Pick<TokenPlace, 'name' | 'token'>): HoldfastError =>
  new HoldfastError(
    'key.denied',
    `Token "${token}" of key "${name}" is locked: a wrong PIN was tried too often.`,
    {
      hint: 'Its security officer sets a new PIN. Until then, another key of the backups opens them.',
    },
  )
