import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

/** An authority of our own with one certificate, which is both that of a server and that of its clients. PEM files. */
export interface Authority {
  readonly certificateFile: string
  readonly peer: { readonly certificateFile: string; readonly keyFile: string }
}

/** @param names of the hosts that the certificate is good for */
export async function makeAuthority(folder: string, names: readonly string[]): Promise<Authority> {
  const path = (name: string) => join(folder, name)
  const make = (...args: string[]) =>
    execa('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      ...args,
    ])
  await make('-subj', '/CN=authority', '-days', '2', '-keyout', path('ca.key'), '-out', path('ca.pem'))
  await make(
    ...['-subj', `/CN=${names[0]}`, '-days', '2', '-keyout', path('peer.key'), '-out', path('peer.pem')],
    ...['-CA', path('ca.pem'), '-CAkey', path('ca.key')],
    ...['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  )
  return {
    certificateFile: path('ca.pem'),
    peer: { certificateFile: path('peer.pem'), keyFile: path('peer.key') },
  }
}

export interface TlsFrontOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** The server that has no TLS of its own. */
  readonly target: { readonly host: string; readonly port: number }
  readonly authority: Authority
  /** Whether only clients with a certificate of the authority are let in. */
  readonly asksForCertificate: boolean
  /** Protocols inside of TLS: gRPC insists on `h2`. */
  readonly protocols: readonly string[]
}

/** TLS in front of a server, byte for byte. */
export async function startTlsFront(options: TlsFrontOptions): Promise<{ stop(): Promise<void> }> {
  const { authority, asksForCertificate, listen, target } = options
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // Whoever is at the other end notices.
    socket.on('error', () => socket.destroy())
  }
  const server = createServer(
    {
      cert: await readFile(authority.peer.certificateFile),
      key: await readFile(authority.peer.keyFile),
      ca: await readFile(authority.certificateFile),
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate,
      ALPNProtocols: [...options.protocols],
    },
    (client) => {
      const behind = connect(target.port, target.host)
      keep(client)
      keep(behind)
      client.pipe(behind).pipe(client)
      client.on('close', () => behind.destroy())
      behind.on('close', () => client.destroy())
    },
  )
  server.listen(listen.port, listen.host)
  await once(server, 'listening')
  return {
    async stop() {
      const ended = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}
