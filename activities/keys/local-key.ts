import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { keyIdOf } from './derive.js'
import type { Key } from './key.js'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A key whose 32 bytes this process knows. */
export const localKey = (name: string, bytes: Buffer): Key => ({
  name,
  id: keyIdOf(bytes),
  wrap: async (plain, associatedData) => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(associatedData)
    return { nonce, ciphertext: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) }
  },
  unwrap: async ({ nonce, ciphertext }, associatedData) => {
    if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return undefined
    const end = ciphertext.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', bytes, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associatedData).setAuthTag(ciphertext.subarray(end))
    const plain = decipher.update(ciphertext.subarray(0, end))
    try {
      return Buffer.concat([plain, decipher.final()])
    } catch {
      return undefined
    }
  },
})
