import { HoldfastError } from '../../../core/errors.js'
import type { TokenFailure, TokenPlace } from './questions.js'
import { pinLocked } from './session.js'

/** What a module says of ciphertext that was changed, or of another key: names differ from maker to maker. */
const WRONG_DATA: ReadonlySet<string> = new Set([
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_AEAD_DECRYPT_FAILED',
  'CKR_SIGNATURE_INVALID',
  'CKR_DATA_INVALID',
  'CKR_DATA_LEN_RANGE',
  'CKR_FUNCTION_FAILED',
  // SoftHSM's word for it.
  'CKR_GENERAL_ERROR',
])

/** Whether decrypting failed by what was decrypted; the module may have failed by itself all the same. */
export const isWrongData = (error: unknown): boolean => WRONG_DATA.has(wordOf(error) ?? '')

/** What becomes of a failure before it leaves the process. Whatever the module says, the PIN is not in it. */
export function failureOf(error: unknown, place: TokenPlace): TokenFailure {
  const word = wordOf(error)
  const expected = error instanceof HoldfastError ? error : ofModule(word, error, place)
  const { code, message, hint } = expected
  return { code, message, ...(hint === undefined ? {} : { hint }), isPinRefused: WRONG_PIN.has(word ?? '') }
}

const WRONG_PIN: ReadonlySet<string> = new Set(['CKR_PIN_INCORRECT', 'CKR_PIN_INVALID', 'CKR_PIN_LEN_RANGE'])
const NO_USER_PIN: ReadonlySet<string> = new Set(['CKR_USER_PIN_NOT_INITIALIZED', 'CKR_PIN_EXPIRED'])
const UNFIT: ReadonlySet<string> = new Set([
  'CKR_MECHANISM_INVALID',
  'CKR_MECHANISM_PARAM_INVALID',
  'CKR_FUNCTION_NOT_SUPPORTED',
  'CKR_KEY_FUNCTION_NOT_PERMITTED',
  'CKR_TEMPLATE_INCONSISTENT',
  'CKR_ATTRIBUTE_VALUE_INVALID',
  'CKR_TOKEN_WRITE_PROTECTED',
])

function ofModule(word: string | undefined, error: unknown, { name, token }: TokenPlace): HoldfastError {
  const what = word ?? 'no word of PKCS#11'
  if (WRONG_PIN.has(what))
    return new HoldfastError('key.denied', `Token "${token}" of key "${name}" refuses the PIN (${what}).`, {
      hint: `Correct what \`pin\` of "${name}" refers to, for the user of the Holdfast worker. Do not guess: tokens lock themselves.`,
    })
  if (what === 'CKR_PIN_LOCKED') return pinLocked({ name, token })
  if (NO_USER_PIN.has(what))
    return new HoldfastError(
      'key.denied',
      `Token "${token}" of key "${name}" has no PIN that is valid (${what}).`,
      {
        hint: 'Set the PIN of its user with the tool that came with it.',
      },
    )
  if (UNFIT.has(what))
    return new HoldfastError(
      'key.invalid',
      `Token "${token}" cannot do what key "${name}" needs (${what}).`,
      {
        hint: 'It must make AES keys of 256 bits, and do AES-GCM (CKM_AES_GCM) with the nonce that it is given.',
      },
    )
  const { method } = error as { readonly method?: unknown }
  const where = typeof method === 'string' && method !== '' ? ` at ${method}` : ''
  return new HoldfastError(
    'key.unavailable',
    `Token "${token}" of key "${name}" does not work (${what}${where}).`,
    {
      hint: 'Look at the token, its service and its log. It is tried again.',
    },
  )
}

/** `CKR_PIN_INCORRECT`, of what the package throws. */
function wordOf(error: unknown): string | undefined {
  const { message } = (error ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' ? /^CKR_[A-Z0-9_]+/.exec(message)?.[0] : undefined
}
