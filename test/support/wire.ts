import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A line to a server of this machine that can be cut and stalled. */
export interface Wire {
  readonly port: number
  /** Towards the server, over all connections. */
  sentBytes(): number
  /** Cuts every connection once so much was sent, until it is mended. */
  cutAfter(sentBytes: number): void
  cut(): void
  /** Nothing comes back any more. */
  stall(): void
  mend(): void
  stop(): Promise<void>
}

export async function startWire(target: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let sent = 0
  let limit = Infinity
  let isStalled = false
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    near.on('data', (chunk: Buffer) => {
      sent += chunk.length
      if (sent > limit) return cut()
      if (!far.write(chunk)) {
        near.pause()
        far.once('drain', () => near.resume())
      }
    })
    far.on('data', (chunk: Buffer) => {
      if (!isStalled) near.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sentBytes: () => sent,
    cutAfter: (bytes) => void (limit = sent + bytes),
    cut,
    stall: () => void (isStalled = true),
    mend: () => void (limit = Infinity),
    stop: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
