// Stores so many bytes, encrypted, and reads them again, in a process of its own: prints how far its memory grew. See memory.test.ts.
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { local } from '../../../activities/destinations/local.js'
import { objectReader } from '../../../activities/pipeline/object-reader.js'
import { objectSink } from '../../../activities/pipeline/object-sink.js'
import { peakMemory } from '../../support/peak-memory.js'
import { noise, prose } from './bytes.js'

const MIB = 1024 * 1024
const [, , folder = '', bytes = ''] = process.argv
const { signal } = new AbortController()
const destination = local((digits) => 'a'.repeat(digits))('disk', { type: 'local', path: folder })
const dataKey = randomBytes(32)
const sink = objectSink({
  destination,
  folder: 'plans/x/b/',
  prefixOf: () => 'x',
  compression: { algorithm: 'zstd', level: 3 },
  encryption: {
    backupId: 'b',
    dataKey,
    random: (digits) => randomBytes(digits / 2).toString('hex'),
  },
  signal,
  onBytes: () => undefined,
})

async function* mixed(): AsyncGenerator<Buffer> {
  const kinds = [noise(MIB), prose(MIB), Buffer.alloc(MIB)]
  for (let number = 0; number < Number(bytes) / MIB; number++) yield Buffer.from(kinds[number % 3] as Buffer)
}

// The loader of TypeScript, which the product has not.
const beforeBytes = process.memoryUsage.rss()
const stored = await sink.store({ kind: 'tar' }, Readable.from(mixed()))
let readBytes = 0
for await (const chunk of objectReader({ destination, plan: 'x', backupId: 'b', dataKey, signal }).open(
  stored,
)) {
  readBytes += (chunk as Buffer).length
}
process.stdout.write(JSON.stringify({ readBytes, grownBytes: peakMemory() - beforeBytes }))
