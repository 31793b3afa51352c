import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCatalog } from '../../../activities/catalog/create-catalog.js'
import { local } from '../../../activities/destinations/local.js'
import { manifest } from '../../fakes/backups.js'
import { fakeKeys } from '../../fakes/keys.js'
import { fakeLog } from '../../fakes/log.js'
import { fakeSite } from '../../fakes/site.js'

const BACKUPS = 1000
const LIMIT_MS = 2000
const signal = new AbortController().signal
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thousand-'))
  const start = new Date('2024-01-01T00:00:00Z').getTime()
  for (let day = 0; day < BACKUPS; day++) {
    const stored = manifest({ at: new Date(start + day * 86_400_000).toISOString() })
    const backup = join(folder, 'plans', 'shop', stored.id)
    await mkdir(backup, { recursive: true })
    await writeFile(join(backup, 'run.json'), '{}')
    await writeFile(join(backup, 'uploads_20260301_013000.tar'), 'the files')
    await writeFile(join(backup, 'manifest.json'), JSON.stringify(stored))
  }
})
afterAll(() => rm(folder, { recursive: true }))

test('a thousand backups are listed within two seconds the second time, by a fresh catalog', async () => {
  const open = local((digits) => '0'.repeat(digits))
  const fresh = () =>
    createCatalog({
      destinations: async (name) => open(name, { type: 'local', path: folder }),
      site: fakeSite(),
      keys: fakeKeys([]),
      wantedKeys: async () => () => undefined,
      cacheFolder: join(folder, 'cache'),
      log: fakeLog(),
    })
  await fresh().list({}, signal)

  const startedAt = performance.now()
  const { backups, problems } = await fresh().list({}, signal)
  const tookMs = performance.now() - startedAt

  expect(problems).toEqual([])
  expect(backups).toHaveLength(BACKUPS)
  expect(tookMs).toBeLessThan(LIMIT_MS)
})
