import type { Handle } from 'pkcs11js'
import { HoldfastError } from '../../../core/errors.js'
import { KEY_BYTES } from '../derive.js'
import type { TokenPlace } from './questions.js'
import type { Session } from './session.js'

const KEY_ID_BYTES = 8
/** More of one label are not looked at: one is wanted. */
const MOST_KEYS = 20

interface TokenKey {
  readonly handle: Handle
  readonly id: string
}

/**
 * The one key that the place names. Fails with `key.not-found`, with `key.invalid` where several have the label or what has
 * it cannot be used, and with `key.unsafe` where the token would give it away.
 */
export function findKey(session: Session, place: TokenPlace): TokenKey {
  const { name, token, label } = place
  const [found, ...others] = keysOf(session, place)
  if (found === undefined)
    throw new HoldfastError(
      'key.not-found',
      `Token "${token}" has no key "${label}"${place.id === undefined ? '' : ` with the id ${place.id}`}.`,
      {
        hint: `Correct \`label\` and \`id\` of "${name}". For a new key: holdfast key create ${name}`,
      },
    )
  if (others.length > 0)
    throw new HoldfastError('key.invalid', `Token "${token}" has ${others.length + 1} keys "${label}".`, {
      hint: `Say which one "${name}" is with \`id\`: ${[found, ...others].map(({ id }) => id).join(', ')}.`,
    })
  requireUsable(session, found, place)
  return found
}

/** All secret keys that have the label, and the id where one is named. */
export function keysOf(
  { module, constants, handle }: Session,
  { label, id }: TokenPlace,
): readonly TokenKey[] {
  module.C_FindObjectsInit(handle, [
    { type: constants.CKA_CLASS, value: constants.CKO_SECRET_KEY },
    { type: constants.CKA_LABEL, value: label },
    ...(id === undefined ? [] : [{ type: constants.CKA_ID, value: Buffer.from(id, 'hex') }]),
  ])
  let objects: Handle[]
  try {
    objects = module.C_FindObjects(handle, MOST_KEYS)
  } finally {
    module.C_FindObjectsFinal(handle)
  }
  return objects.map((object) => {
    const [attribute] = module.C_GetAttributeValue(handle, object, [{ type: constants.CKA_ID }])
    return { handle: object, id: bytesOf(attribute?.value).toString('hex') }
  })
}

function requireUsable({ module, constants, handle }: Session, key: TokenKey, place: TokenPlace): void {
  const { name, token, label } = place
  const { CKA_KEY_TYPE, CKA_VALUE_LEN, CKA_ENCRYPT, CKA_DECRYPT, CKA_SENSITIVE, CKK_AES } = constants
  const read = (type: number) => bytesOf(module.C_GetAttributeValue(handle, key.handle, [{ type }])[0]?.value)
  const isTrue = (type: number) => read(type)[0] === 1
  const unfit = (what: string, hint: string) =>
    new HoldfastError('key.invalid', `Key "${label}" of token "${token}" ${what}.`, { hint })
  // Unsigned numbers come in the byte order of the machine, which is little-endian wherever Node runs with such modules.
  if (numberIn(read(CKA_KEY_TYPE)) !== CKK_AES || numberIn(read(CKA_VALUE_LEN)) !== KEY_BYTES)
    throw unfit('is no AES key of 256 bits', `Name another one, or make one: holdfast key create ${name}`)
  if (!isTrue(CKA_ENCRYPT) || !isTrue(CKA_DECRYPT))
    throw unfit('may not encrypt and decrypt', 'Make one that may (CKA_ENCRYPT, CKA_DECRYPT).')
  if (key.id.length !== 2 * KEY_ID_BYTES)
    throw unfit(
      `has an id of ${key.id.length / 2} bytes instead of ${KEY_ID_BYTES}`,
      `Its id names it at destinations, and must be like no other: pkcs11-tool --login --type secrkey --label ${JSON.stringify(label)} --set-id $(openssl rand -hex ${KEY_ID_BYTES})`,
    )
  if (!isTrue(CKA_SENSITIVE))
    throw new HoldfastError(
      'key.unsafe',
      `Key "${label}" of token "${token}" can be read by whoever has the PIN: it is not sensitive (CKA_SENSITIVE).`,
      { hint: `Make another one, which never leaves the token: holdfast key create ${name}` },
    )
}

const bytesOf = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0))

const numberIn = (bytes: Buffer): number | undefined =>
  bytes.length === 0 || bytes.length > 8 ? undefined : bytes.readUIntLE(0, Math.min(bytes.length, 6))
