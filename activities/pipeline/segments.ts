import { hkdfSync } from 'node:crypto'

// Tink streaming AEAD, AES256-GCM-HKDF with segments of 1 MiB: what writing and reading share.
// Source: https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming

/** A stored segment, its tag included; the first one is shorter by the header. */
export const SEGMENT_BYTES = 1024 * 1024
export const TAG_BYTES = 16
export const SALT_BYTES = 32
const KEY_BYTES = 32
export const NONCE_PREFIX_BYTES = 7
const NONCE_BYTES = 12
/** Its own length in a byte, salt, prefix of the nonces. */
export const HEADER_BYTES = 1 + SALT_BYTES + NONCE_PREFIX_BYTES
/** The number of a segment has four bytes in its nonce: an object ends at 4 PiB. */
const MAX_SEGMENTS = 2 ** 32

/** What the bytes of one object are encrypted under. */
export interface StreamKey {
  /** 32 bytes. */
  readonly dataKey: Buffer
  /** Where the bytes belong: `<backup id>/<name of the object>`. Under another name they do not open. */
  readonly associatedData: string
}

/** How many stored bytes segment `index` has at most. */
export const segmentBytes = (index: number): number =>
  index === 0 ? SEGMENT_BYTES - HEADER_BYTES : SEGMENT_BYTES

export const headerOf = (salt: Buffer, noncePrefix: Buffer): Buffer =>
  Buffer.concat([Buffer.from([HEADER_BYTES]), salt, noncePrefix])

/** Each object has a key of its own, so that numbers of segments may begin at zero in each. */
export const objectKeyOf = ({ dataKey, associatedData }: StreamKey, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', dataKey, salt, associatedData, KEY_BYTES))

/** The number keeps segments in their order, the mark of the last one keeps anybody from cutting some off. */
export function nonceOf(noncePrefix: Buffer, index: number, place: 'last' | 'more'): Buffer {
  if (index >= MAX_SEGMENTS) throw new Error('An encrypted object has room for 4 PiB.')
  const nonce = Buffer.alloc(NONCE_BYTES)
  noncePrefix.copy(nonce)
  nonce.writeUInt32BE(index, NONCE_PREFIX_BYTES)
  nonce.writeUInt8(place === 'last' ? 1 : 0, NONCE_BYTES - 1)
  return nonce
}
