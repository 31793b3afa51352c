import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Of keys and of what is derived from them. */
export const KEY_BYTES = 32
const KEY_ID_BYTES = 8
const NO_SALT = Buffer.alloc(0)

/** What a key is used for besides: each purpose has a key of its own. */
type Purpose = 'holdfast key id' | 'holdfast manifest 1' | 'holdfast manifest seal 1' | 'holdfast mark 1'

export const derive = (key: Buffer, purpose: Purpose, salt = NO_SALT, bytes = KEY_BYTES): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, purpose, bytes))

/** Follows from the key and tells nothing of it. */
export const keyIdOf = (key: Buffer): string =>
  derive(key, 'holdfast key id').subarray(0, KEY_ID_BYTES).toString('hex')

/** What a code is for: that of a manifest is none for a mark. */
export type CodePurpose = 'manifest' | 'mark'

/** HMAC-SHA-256 in hex: proves that who wrote the bytes had the data key of the backup. */
export const codeOf = (dataKey: Buffer, purpose: CodePurpose, bytes: Buffer): string =>
  createHmac('sha256', derive(dataKey, `holdfast ${purpose} 1`))
    .update(bytes)
    .digest('hex')

/** Whether the code, as it was read, is that of the bytes. */
export function isCodeOf(dataKey: Buffer, purpose: CodePurpose, bytes: Buffer, code: string): boolean {
  const expected = Buffer.from(codeOf(dataKey, purpose, bytes))
  const found = Buffer.from(code.trim())
  return found.length === expected.length && timingSafeEqual(found, expected)
}
