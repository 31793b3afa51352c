import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** `up`: what the client sends; `down`: what the server answers. */
type Direction = 'up' | 'down'

/** What happens to one connection. `afterBytes` of a direction pass before it does. */
export type Fault =
  /** Both sides see the connection break. */
  | { readonly what: 'cut'; readonly direction: Direction; readonly afterBytes: number }
  /** Nothing more passes in this direction; the connection stays. */
  | { readonly what: 'stall'; readonly direction: Direction; readonly afterBytes: number }
  /** One bit of the next byte is flipped, once. */
  | { readonly what: 'corrupt'; readonly direction: Direction; readonly afterBytes: number }
  | { readonly what: 'slow'; readonly direction: Direction; readonly bytesPerSecond: number }
  /** Closed as soon as it is there. */
  | { readonly what: 'refuse' }

export interface FaultyProxy {
  readonly port: number
  /** Connections until now. */
  connections(): number
  /** What clients have sent until now. */
  bytesUp(): number
  /** Cuts all connections; those that come later are refused. */
  breakOff(): void
  close(): Promise<void>
}

/** Stands between a client and a server on 127.0.0.1. `faultOf` says what happens to a connection, counted from 1. */
export async function startFaultyProxy(
  targetPort: number,
  faultOf: (connection: number) => Fault | undefined,
  port = 0,
): Promise<FaultyProxy> {
  let connections = 0
  let bytesUp = 0
  let isBroken = false
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const fault: Fault | undefined = isBroken ? { what: 'refuse' } : faultOf(++connections)
    client.on('data', (chunk: Buffer) => void (bytesUp += chunk.length))
    // Sides that break are what this is for.
    client.on('error', () => client.destroy())
    if (fault?.what === 'refuse') return client.resetAndDestroy()
    const target = connect(targetPort, '127.0.0.1')
    const end = () => [client, target].forEach((socket) => socket.destroy())
    for (const socket of [client, target]) {
      open.add(socket)
      socket.on('error', end)
      socket.once('close', () => {
        open.delete(socket)
        end()
      })
    }
    client.pipe(passing(fault, 'up', end)).pipe(target)
    target.pipe(passing(fault, 'down', end)).pipe(client)
    return undefined
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    bytesUp: () => bytesUp,
    breakOff: () => {
      isBroken = true
      for (const socket of open) socket.destroy()
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The bytes of one direction, as far as the fault lets them pass. */
function passing(fault: Fault | undefined, direction: Direction, cut: () => void): Transform {
  const mine =
    fault !== undefined && fault.what !== 'refuse' && fault.direction === direction ? fault : undefined
  let passed = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const before = passed
      passed += chunk.length
      if (mine === undefined) return done(null, chunk)
      if (mine.what === 'slow')
        return void delay((chunk.length / mine.bytesPerSecond) * 1000).then(() => done(null, chunk))
      if (passed <= mine.afterBytes) return done(null, chunk)
      const good = Math.max(0, mine.afterBytes - before)
      if (mine.what === 'corrupt') return done(null, before <= mine.afterBytes ? flipped(chunk, good) : chunk)
      this.push(chunk.subarray(0, good))
      // A stall takes no more: `done` is never called.
      if (mine.what === 'cut') setImmediate(cut)
      return undefined
    },
  })
}

function flipped(chunk: Buffer, at: number): Buffer {
  const copy = Buffer.from(chunk)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
