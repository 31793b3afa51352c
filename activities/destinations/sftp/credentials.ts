import ssh2 from 'ssh2'
import { HoldfastError } from '../../../core/errors.js'
import type { SftpDestination } from '../../../schemas/sftp-destination.js'
import type { Secrets } from '../../secrets.js'

export interface Credentials {
  readonly privateKey?: string
  readonly passphrase?: string
  readonly password?: string
}

/** Resolves what the settings refer to. Fails as `Secrets` does, and with `destination.denied` for a key that cannot be used. */
export async function credentialsOf(
  name: string,
  settings: SftpDestination,
  secrets: Pick<Secrets, 'resolve'>,
): Promise<Credentials> {
  const { privateKey, passphrase, password } = settings
  const credentials = {
    ...(privateKey && { privateKey: await secrets.resolve(privateKey) }),
    ...(passphrase && { passphrase: await secrets.resolve(passphrase) }),
    ...(password && { password: await secrets.resolve(password) }),
  }
  if (credentials.privateKey !== undefined)
    requireUsable(name, credentials.privateKey, credentials.passphrase)
  return credentials
}

/** Before anything connects: a key that cannot be read would look like one that the server refuses. */
function requireUsable(name: string, privateKey: string, passphrase: string | undefined): void {
  const parsed = ssh2.utils.parseKey(privateKey, passphrase)
  if (!(parsed instanceof Error)) {
    if (parsed.isPrivateKey()) return
    throw unusable(name, 'is a public key', 'Name the file without ".pub".')
  }
  if (passphrase === undefined && /encrypted/i.test(parsed.message))
    throw unusable(
      name,
      'is protected by a passphrase',
      `Add passphrase: { env: NAME } to destinations.${name}.`,
    )
  if (/encrypted|passphrase|decrypt|integrity/i.test(parsed.message))
    throw unusable(name, 'does not open with its passphrase', 'Try it: ssh-keygen -y -f FILE')
  throw unusable(
    name,
    'is none that can be read',
    'Make one: ssh-keygen -t ed25519 -f FILE. A key of PuTTY must be exported as one of OpenSSH.',
  )
}

const unusable = (name: string, what: string, hint: string): HoldfastError =>
  new HoldfastError('destination.denied', `Destination "${name}": the private key ${what}.`, { hint })
