import { HoldfastError } from '../../../core/errors.js'
import type { SftpDestination } from '../../../schemas/sftp-destination.js'
import type { Credentials } from './credentials.js'
import { printable } from './failure.js'

/** Why a server cannot be reached at all. */
export function explainConnect(error: Error, destination: string, settings: SftpDestination): HoldfastError {
  const { host, port = 22 } = settings
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const [why, hint] = reasons(host, port)[code] ?? [`it cannot be reached (${code})`, 'Check the network.']
  return new HoldfastError(
    'destination.unavailable',
    `Destination "${destination}": could not connect to ${host}, port ${port}: ${why}.`,
    { hint, cause: error },
  )
}

const reasons = (host: string, port: number): Readonly<Record<string, readonly [string, string]>> => ({
  ENOTFOUND: ['there is no such host', `Is "${host}" spelled right? Does DNS work on this machine?`],
  EAI_AGAIN: ['its name could not be looked up', 'Does DNS work on this machine?'],
  ECONNREFUSED: [
    'the connection was refused',
    `Does the SSH server run there, and on port ${port}? Does a firewall refuse it?`,
  ],
  ETIMEDOUT: ['it does not answer', 'Is the host up, and does no firewall stand between?'],
  EHOSTUNREACH: ['there is no way to it', 'Check the network and the routes of this machine.'],
  ENETUNREACH: ['there is no way to it', 'Check the network and the routes of this machine.'],
})

/** Why a server that answers does not let us in. */
export function explainLogin(
  error: Error & { level?: string },
  login: { destination: string; settings: SftpDestination; credentials: Credentials },
): HoldfastError {
  const { destination, settings, credentials } = login
  const { host, port = 22, user } = settings
  if (error.level === 'client-authentication') return refused(error, { destination, host, user, credentials })
  const failed = (what: string, hint: string) =>
    new HoldfastError(
      'destination.unavailable',
      `Destination "${destination}": ${host}, port ${port}, ${what}.`,
      { hint, cause: error },
    )
  if (error.level === 'client-timeout')
    return failed('did not finish the SSH handshake in time', 'Is it an SSH server, and not overloaded?')
  return failed(
    `broke off the SSH handshake: ${printable(error.message)}`,
    'Is it an SSH server? The log of the server may say more.',
  )
}

function refused(
  cause: Error,
  login: { destination: string; host: string; user: string; credentials: Credentials },
): HoldfastError {
  const { destination, host, user, credentials } = login
  const hasKey = credentials.privateKey !== undefined
  const hasPassword = credentials.password !== undefined
  const what = hasKey && hasPassword ? 'private key and password' : hasKey ? 'private key' : 'password'
  return new HoldfastError(
    'destination.denied',
    `Destination "${destination}": ${host} refuses the ${what} of the user "${user}".`,
    {
      hint: hasKey
        ? `Is the public key in ~/.ssh/authorized_keys of "${user}" there? Try: sftp -i FILE ${user}@${host}`
        : `Check destinations.${destination}.password in holdfast.yaml; many servers take keys only.`,
      cause,
    },
  )
}

/** The login went well, but there is no SFTP. */
export const noSftp = (destination: string, { host }: SftpDestination, cause?: Error): HoldfastError =>
  new HoldfastError(
    'destination.unsupported',
    `Destination "${destination}": ${host} lets us in, but offers no SFTP${cause ? ` (${printable(cause.message)})` : ''}.`,
    {
      hint: 'SCP or a shell alone will not do. OpenSSH offers it with "Subsystem sftp internal-sftp" in sshd_config.',
      ...(cause && { cause }),
    },
  )
