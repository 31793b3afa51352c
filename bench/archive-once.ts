// One capture of a folder, for bench/archive.ts: prints seconds, peak memory and stored bytes as JSON.
import { randomBytes } from 'node:crypto'
import { local } from '../activities/destinations/local.js'
import { objectSink } from '../activities/pipeline/object-sink.js'
import { createHostShell } from '../activities/services/shell.js'
import { files } from '../activities/sources/files.js'
import { peakMemory } from '../test/support/peak-memory.js'
import { timed } from './figures.js'

const [, , data = '', folder = ''] = process.argv
const { signal } = new AbortController()
const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
const sink = objectSink({
  destination: local(random)('bench', { type: 'local', path: folder }),
  folder: 'plans/bench/once/',
  prefixOf: () => 'data',
  compression: { algorithm: 'zstd', level: 3 },
  signal,
  onBytes: () => undefined,
})
const shell = createHostShell(process.env)

const seconds = await timed(() =>
  files.read({ type: 'files', paths: [data] }, sink, {
    sourceName: 'data',
    shell: () => shell,
    secrets: { resolve: () => Promise.reject(new Error('No secrets here')) },
    signal,
    clock: () => new Date(),
    volumePath: () => Promise.reject(new Error('No volumes here')),
    scratchFolder: folder,
    progress: () => undefined,
  }),
)
console.log(
  JSON.stringify({
    seconds,
    peakBytes: peakMemory(),
    storedBytes: sink.objects.reduce((total, { storedBytes }) => total + storedBytes, 0),
  }),
)
