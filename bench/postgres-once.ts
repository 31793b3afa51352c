// One capture of the database `orders`, for bench/postgres.ts: prints seconds, peak memory and sizes as JSON.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { local } from '../activities/destinations/local.js'
import { objectSink } from '../activities/pipeline/object-sink.js'
import { createHostShell } from '../activities/services/shell.js'
import { postgres } from '../activities/sources/postgres.js'
import { peakMemory } from '../test/support/peak-memory.js'
import { timed } from './figures.js'

export interface OnceResult {
  readonly seconds: number
  readonly peakBytes: number
  readonly plainBytes: number
  readonly storedBytes: number
}

const [, , folder = '', host = '', port = '', passwordFile = ''] = process.argv
const { signal } = new AbortController()
const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
const sink = objectSink({
  destination: local(random)('bench', { type: 'local', path: folder }),
  folder: 'plans/bench/once/',
  prefixOf: () => 'orders',
  compression: { algorithm: 'zstd', level: 3 },
  signal,
  onBytes: () => undefined,
})
const shell = createHostShell(process.env)
const password = (await readFile(passwordFile, 'utf8')).trimEnd()

const seconds = await timed(() =>
  postgres.read(
    {
      type: 'postgres',
      connection: { host, port: Number(port) },
      database: 'orders',
      password: { file: passwordFile },
    },
    sink,
    {
      sourceName: 'orders',
      shell: () => shell,
      secrets: { resolve: () => Promise.resolve(password) },
      signal,
      clock: () => new Date(),
      volumePath: () => Promise.reject(new Error('No volumes here')),
      scratchFolder: folder,
      progress: () => undefined,
    },
  ),
)
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const result: OnceResult = {
  seconds,
  peakBytes: peakMemory(),
  plainBytes: sum(sink.objects.map(({ plainBytes }) => plainBytes)),
  storedBytes: sum(sink.objects.map(({ storedBytes }) => storedBytes)),
}
console.log(JSON.stringify(result))
