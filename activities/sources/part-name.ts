import { createHash } from 'node:crypto'

/** A name of an object has 255 bytes at most on common file systems; source, time and kind need the others. */
const MAX_CHARACTERS = 120
const DIGEST_DIGITS = 12

/**
 * What stands for a database or a file in the name of its object: lower case, digits, `-` and `_`; all else is
 * percent-encoded. What is too long is cut and told apart by a digest, so different names never meet.
 */
export function partName(name: string): string {
  const encoded = [...Buffer.from(name)].map(encodedByte).join('')
  if (encoded.length <= MAX_CHARACTERS) return encoded
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_DIGITS)
  const kept = encoded.slice(0, MAX_CHARACTERS - DIGEST_DIGITS - 1).replace(/%.?$/, '')
  return `${kept}-${digest}`
}

const encodedByte = (byte: number): string => {
  const character = String.fromCharCode(byte)
  return /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
}
