import { createServer } from 'node:net'
import { join } from 'node:path'
import { isRecord, readJsonFile, writeJsonFile } from './json-file.js'

/** Of the embedded server; all on 127.0.0.1. */
export interface Ports {
  readonly frontend: number
  readonly ui: number
  readonly http: number
  readonly metrics: number
}

/** What people and tools expect of a local Temporal. */
const USUAL: Pick<Ports, 'frontend' | 'ui'> = { frontend: 7233, ui: 8233 }

const portsFile = (stateDir: string): string => join(stateDir, 'temporal', 'ports.json')

/** The ports of the last time where they are still free, so that a bookmark of the web page and open connections last. */
export async function choosePorts(stateDir: string): Promise<Ports> {
  const before = await readJsonFile(portsFile(stateDir), isPorts)
  const taken = new Set<number>()
  const choose = async (wanted: number | undefined) => {
    const port = wanted !== undefined && (await isFree(wanted)) ? wanted : await freePort(taken)
    taken.add(port)
    return port
  }
  const ports: Ports = {
    frontend: await choose(before?.frontend ?? USUAL.frontend),
    ui: await choose(before?.ui ?? USUAL.ui),
    http: await choose(before?.http),
    metrics: await choose(before?.metrics),
  }
  await writeJsonFile(portsFile(stateDir), ports)
  return ports
}

const isFree = async (port: number): Promise<boolean> => (await listenOnce(port)) !== undefined

/** How often the system may give out one that we have just chosen. */
const MAX_TRIES = 20

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const port = await listenOnce(0)
    if (port !== undefined && !taken.has(port)) return port
  }
  throw new Error('The system gives no free port on 127.0.0.1.')
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

const isPorts = (value: unknown): value is Ports & Record<string, unknown> =>
  isRecord(value) && ['frontend', 'ui', 'http', 'metrics'].every((key) => Number.isInteger(value[key]))
