import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Manifest, ManifestEncryption } from '../../core/backup.js'
import { clearPartOf, type ClearManifest, type EncryptedManifest } from '../../core/encrypted-manifest.js'
import { decrypted } from '../pipeline/decrypt.js'
import { encrypted } from '../pipeline/encrypt.js'
import { NONCE_PREFIX_BYTES, SALT_BYTES, type StreamKey } from '../pipeline/segments.js'
import { derive } from './derive.js'

/**
 * The manifest as it is stored: what listing needs in the clear, the whole of it sealed. The same manifest gives the same
 * bytes, so that an attempt to publish finds nothing else than what it would have written: what a random nonce is good for
 * comes from the digest of the content, which is another one for every other content.
 */
export async function sealManifest(
  manifest: Manifest & { readonly encryption: ManifestEncryption },
  dataKey: Buffer,
): Promise<EncryptedManifest> {
  const plain = Buffer.from(JSON.stringify(manifest))
  const digest = createHash('sha256').update(plain).digest()
  const unique = derive(dataKey, 'holdfast manifest seal 1', digest, SALT_BYTES + NONCE_PREFIX_BYTES)
  const stored = encrypted(once(plain), {
    ...streamKeyOf(manifest, dataKey),
    salt: unique.subarray(0, SALT_BYTES),
    noncePrefix: unique.subarray(SALT_BYTES),
  })
  return { ...clearPartOf(manifest), sealed: (await collected(stored)).toString('base64') }
}

/** The whole manifest, not yet checked for its shape. Fails with `object.corrupt` when the data key is another one. */
export async function openManifest({ id, sealed }: EncryptedManifest, dataKey: Buffer): Promise<unknown> {
  const stored = once(Buffer.from(sealed, 'base64'))
  const plain = await collected(decrypted(stored, streamKeyOf({ id }, dataKey)))
  return JSON.parse(plain.toString('utf8'))
}

/** Whether the part in the clear is the one that belongs to the sealed part. */
export function isClearPartOf(clear: ClearManifest, manifest: Manifest): boolean {
  const { encryption } = manifest
  if (encryption === undefined) return false
  const expected = clearPartOf({ ...manifest, encryption })
  return Object.entries(expected).every(([name, value]) =>
    isDeepStrictEqual(asJson(clear[name as keyof ClearManifest]), asJson(value)),
  )
}

const streamKeyOf = ({ id }: Pick<Manifest, 'id'>, dataKey: Buffer): StreamKey => ({
  dataKey,
  associatedData: `${id}/manifest.json`,
})

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
