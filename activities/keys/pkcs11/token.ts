import { randomBytes } from 'node:crypto'
import type { AesGCM, Handle, Mechanism } from 'pkcs11js'
import { HoldfastError } from '../../../core/errors.js'
import { KEY_BYTES } from '../derive.js'
import type { Wrapped } from '../key.js'
import { isWrongData } from './failures.js'
import { findKey, keysOf } from './find-key.js'
import type { Library } from './library.js'
import type { TokenAnswers, TokenPlace } from './questions.js'
import { withSession, type Session } from './session.js'

// All of this blocks until the module answers: it runs in a process of its own.

const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Data keys are short: what is longer was not wrapped by us. */
const MOST_WRAPPED_BYTES = 1024
/** Of what is only tried. */
const NO_DATA = Buffer.alloc(0)

/** Its id. Fails as `findKey` and `withSession`. */
export const findInToken = (library: Library, place: TokenPlace): TokenAnswers['find'] =>
  withSession(library, place, {
    mode: 'read',
    work: (session) => ({ id: findKey(session, place).id }),
  })

/**
 * Makes an AES key that the token never gives away, and tries it. Fails with `key.exists` where there is one of that label
 * and id.
 */
export function createInToken(library: Library, place: TokenPlace, id: string): TokenAnswers['create'] {
  const created = withSession(library, place, {
    mode: 'write',
    work: (session) => {
      const { name, token, label } = place
      if (keysOf(session, place).length > 0)
        throw new HoldfastError(
          'key.exists',
          `Token "${token}" has a key "${label}" already; it was left as it is.`,
          {
            hint: `Backups may need it. Use it as "${name}", or write another \`label\` for a new one.`,
          },
        )
      const { module, constants, handle } = session
      module.C_GenerateKey(
        handle,
        { mechanism: constants.CKM_AES_KEY_GEN },
        templateOf(session, { label, id }),
      )
      return { ...place, id: findKey(session, { ...place, id }).id }
    },
  })
  wrapInToken(library, created, { plain: randomBytes(KEY_BYTES), associatedData: NO_DATA })
  return { id: created.id }
}

const templateOf = (
  { constants: c }: Session,
  { label, id }: { readonly label: string; readonly id: string },
) => [
  { type: c.CKA_CLASS, value: c.CKO_SECRET_KEY },
  { type: c.CKA_KEY_TYPE, value: c.CKK_AES },
  { type: c.CKA_VALUE_LEN, value: KEY_BYTES },
  { type: c.CKA_LABEL, value: label },
  { type: c.CKA_ID, value: Buffer.from(id, 'hex') },
  { type: c.CKA_TOKEN, value: true },
  { type: c.CKA_PRIVATE, value: true },
  { type: c.CKA_SENSITIVE, value: true },
  { type: c.CKA_EXTRACTABLE, value: false },
  { type: c.CKA_ENCRYPT, value: true },
  { type: c.CKA_DECRYPT, value: true },
]

/**
 * Encrypts in the token, and opens it there again: a token that takes a nonce of its own, as some do in the mode of FIPS 140,
 * would give what cannot be opened. Then it fails with `key.invalid`.
 */
export const wrapInToken = (
  library: Library,
  place: TokenPlace,
  { plain, associatedData }: { readonly plain: Buffer; readonly associatedData: Buffer },
): Wrapped =>
  withSession(library, place, {
    mode: 'read',
    work: (session) => {
      const key = findKey(session, place).handle
      const wrapped = encrypt(session, key, { plain, associatedData })
      if (wrapped.ciphertext.length === plain.length + TAG_BYTES) {
        const opened = decrypt(session, key, { wrapped, associatedData })
        if (opened?.equals(plain) === true) return wrapped
      }
      throw new HoldfastError(
        'key.invalid',
        `Token "${place.token}" of key "${place.name}" does not open what it has just wrapped.`,
        {
          hint: 'It must do AES-GCM with the nonce that it is given. Some make their own: switch that off, or use another key.',
        },
      )
    },
  })

/** `plain` is left out where the key, or what was wrapped, is another one; never for a token that does not work. */
export function unwrapInToken(
  library: Library,
  place: TokenPlace,
  { wrapped, associatedData }: { readonly wrapped: Wrapped; readonly associatedData: Buffer },
): TokenAnswers['unwrap'] {
  const { nonce, ciphertext } = wrapped
  const isOurs = nonce.length === NONCE_BYTES && ciphertext.length > TAG_BYTES
  if (!isOurs || ciphertext.length > MOST_WRAPPED_BYTES) return {}
  const plain = withSession(library, place, {
    mode: 'read',
    work: (session) => decrypt(session, findKey(session, place).handle, { wrapped, associatedData }),
  })
  if (plain !== undefined) return { plain }
  // Tokens say the same of what was tampered with as of their own failures: one that opens its own work does work.
  wrapInToken(library, place, { plain: randomBytes(KEY_BYTES), associatedData })
  return {}
}

function encrypt(
  session: Session,
  key: Handle,
  { plain, associatedData }: { readonly plain: Buffer; readonly associatedData: Buffer },
): Wrapped {
  const { module, handle } = session
  const nonce = randomBytes(NONCE_BYTES)
  module.C_EncryptInit(handle, mechanismOf(session, nonce, associatedData), key)
  const ciphertext = module.C_Encrypt(handle, plain, Buffer.alloc(MOST_WRAPPED_BYTES))
  return { nonce, ciphertext: Buffer.from(ciphertext) }
}

/** Undefined where the module says that it does not fit; the session is of no use any more then. */
function decrypt(
  session: Session,
  key: Handle,
  { wrapped, associatedData }: { readonly wrapped: Wrapped; readonly associatedData: Buffer },
): Buffer | undefined {
  const { module, handle } = session
  module.C_DecryptInit(handle, mechanismOf(session, wrapped.nonce, associatedData), key)
  try {
    return Buffer.from(module.C_Decrypt(handle, wrapped.ciphertext, Buffer.alloc(MOST_WRAPPED_BYTES)))
  } catch (error) {
    if (isWrongData(error)) return undefined
    throw error
  }
}

/** The parameters as version 2.40 of the standard has them since its errata. */
function mechanismOf({ constants }: Session, nonce: Buffer, associatedData: Buffer): Mechanism {
  const parameter: AesGCM = {
    type: constants.CK_PARAMS_AES_GCM_v240,
    iv: nonce,
    ivBits: NONCE_BYTES * 8,
    aad: associatedData,
    tagBits: TAG_BYTES * 8,
  }
  return { mechanism: constants.CKM_AES_GCM, parameter }
}
