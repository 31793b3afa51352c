import { createHash } from 'node:crypto'
import { HoldfastError } from '../../../core/errors.js'

/** `ssh-ed25519 AAAA… comment`, as holdfast.yaml has it. */
export type PinnedKeys = readonly string[]

/** A type of keys and the signatures that a server may make with one. SHA-1 is not among them. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/**
 * What to ask the server for: the types of the pinned keys first, since it shows only one of its keys; then all others,
 * so that a server without those can at least be told what it has instead.
 */
export function signaturesFor(pinned: PinnedKeys): string[] {
  const wanted = pinned.flatMap((line) => SIGNATURES[typeOf(line)] ?? [])
  return [...new Set([...wanted, ...Object.values(SIGNATURES).flat()])]
}

/** `offered`: the key as it came from the server. */
export const isPinned = (offered: Buffer, pinned: PinnedKeys): boolean =>
  pinned.some((line) => Buffer.from(blobOf(line), 'base64').equals(offered))

/** `destination.host-key`, with the offered key in a form that can be compared and pasted. */
export function refusedHostKey(place: {
  destination: string
  server: string
  offered: Buffer
  pinned: PinnedKeys
}): HoldfastError {
  const { destination, server, offered, pinned } = place
  const line = `${typeInside(offered)} ${offered.toString('base64')}`
  const fingerprint = `SHA256:${createHash('sha256').update(offered).digest('base64').replace(/=+$/, '')}`
  const what =
    pinned.length === 0
      ? `Destination "${destination}": holdfast.yaml does not say by which key the server ${server} is known.`
      : `Destination "${destination}": the server ${server} does not have the host key that holdfast.yaml says.`
  const known =
    pinned.length === 0
      ? 'When it is the same,'
      : 'Somebody may stand between. Only when it is the same there,'
  return new HoldfastError('destination.host-key', `${what} It offers ${fingerprint}: ${line}`, {
    hint: `Compare on the server: ssh-keygen -lf /etc/ssh/${fileOf(line)}. ${known} write: hostKey: "${line}"`,
    details: { hostKey: line, fingerprint },
  })
}

const typeOf = (line: string): string => line.split(' ', 1)[0] ?? ''
const blobOf = (line: string): string => line.split(' ', 2)[1] ?? ''

/** A key begins with its own type: a length of four bytes, then the name. */
function typeInside(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return key
    .subarray(4, 4 + Math.min(length, 64))
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, '?')
}

/** Where Debian and most others keep it. */
const fileOf = (line: string): string => {
  const kind = typeOf(line).startsWith('ecdsa') ? 'ecdsa' : typeOf(line).replace(/^ssh-/, '')
  return `ssh_host_${kind}_key.pub`
}
