import { connect as connectSocket, type Socket } from 'node:net'
import ssh2, { type Client, type ConnectConfig, type SFTPWrapper } from 'ssh2'
import type { SftpDestination } from '../../../schemas/sftp-destination.js'
import { explainConnect, explainLogin, noSftp } from './connect-failure.js'
import { isPinned, refusedHostKey, signaturesFor } from './host-key.js'
import type { Credentials } from './credentials.js'
import { SftpSession } from './session.js'

/** Of each of the three steps: a server that needs longer cannot be used. */
const CONNECT_MS = 20_000
/** Firewalls forget connections on which nothing is said for some minutes: while a dump is slow, nothing is. */
const KEEPALIVE_MS = 15_000
/** Processors have instructions for these; ssh2 would prefer ChaCha20, which is computed. */
const FAST_CIPHERS = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'] as const

export interface SftpPlace {
  /** Of the destination, for messages. */
  readonly name: string
  readonly settings: SftpDestination
}

/** `backup@vps.example.org:22` */
export const serverOf = ({ user, host, port }: SftpDestination): string =>
  `${user}@${host.includes(':') ? `[${host}]` : host}:${port ?? 22}`

/**
 * Connects, compares the host key, logs in, opens SFTP; nothing secret is sent before the key was found right. Fails with
 * `destination.host-key`, `destination.denied`, `destination.unsupported` (no SFTP there), `destination.unavailable`.
 */
export async function connectSftp(place: SftpPlace, credentials: Credentials): Promise<SftpSession> {
  const socket = await openSocket(place)
  const client = new ssh2.Client()
  try {
    await logIn({ place, credentials, client, socket })
    const sftp = await openChannel(client, place)
    return new SftpSession({ client, socket, sftp, server: serverOf(place.settings) })
  } catch (error) {
    // Without a listener a late error of the socket would end the process.
    client.on('error', () => undefined)
    socket.on('error', () => undefined)
    client.end()
    socket.destroy()
    throw error
  }
}

function openSocket(place: SftpPlace): Promise<Socket> {
  const { host, port = 22 } = place.settings
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host, port, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS })
    // Without it each request waits for the answer to the one before.
    socket.setNoDelay(true)
    const fail = (error: Error) => {
      socket.destroy()
      reject(explainConnect(error, place.name, place.settings))
    }
    socket.setTimeout(CONNECT_MS, () => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeListener('error', fail)
      resolve(socket)
    })
  })
}

function logIn(login: {
  place: SftpPlace
  credentials: Credentials
  client: Client
  socket: Socket
}): Promise<void> {
  const { place, credentials, client, socket } = login
  const { hostKey = [], user } = place.settings
  const pinned = typeof hostKey === 'string' ? [hostKey] : hostKey
  let offered: Buffer | undefined
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { level?: string }) =>
      reject(
        offered !== undefined && !isPinned(offered, pinned)
          ? refusedHostKey({ destination: place.name, server: serverOf(place.settings), offered, pinned })
          : explainLogin(error, { destination: place.name, settings: place.settings, credentials }),
      )
    client.once('ready', resolve)
    client.once('error', fail)
    client.once('close', () => fail(new Error('the server closed the connection')))
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) => {
      // A single hidden question is one for the password; anything else is not ours to answer.
      const isPassword = prompts.length === 1 && prompts[0]?.echo !== true
      answer(isPassword && credentials.password !== undefined ? [credentials.password] : [])
    })
    const config: ConnectConfig = {
      sock: socket,
      username: user,
      readyTimeout: CONNECT_MS,
      hostVerifier: (key: Buffer) => isPinned((offered = key), pinned),
      authHandler: methodsOf(credentials),
      tryKeyboard: credentials.password !== undefined,
      algorithms: {
        serverHostKey: signaturesFor(pinned),
        cipher: { prepend: [...FAST_CIPHERS], append: [], remove: [] },
      } as NonNullable<ConnectConfig['algorithms']>,
      ...credentials,
    }
    client.connect(config)
  })
}

const methodsOf = ({
  privateKey,
  password,
}: Credentials): ('publickey' | 'password' | 'keyboard-interactive')[] => [
  ...(privateKey === undefined ? [] : (['publickey'] as const)),
  ...(password === undefined ? [] : (['password', 'keyboard-interactive'] as const)),
]

function openChannel(client: Client, place: SftpPlace): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(noSftp(place.name, place.settings)), CONNECT_MS)
    client.sftp((error, sftp) => {
      clearTimeout(timer)
      if (error) reject(noSftp(place.name, place.settings, error))
      else resolve(sftp)
    })
  })
}
