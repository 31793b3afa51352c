import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { local } from '../../activities/destinations/local.js'
import { makeDataKey } from '../../activities/keys/data-key.js'
import { localKey } from '../../activities/keys/local-key.js'
import { objectSink } from '../../activities/pipeline/object-sink.js'
import { backupFolder } from '../../core/ids.js'
import { noise, prose } from '../activities/pipeline/bytes.js'
import { describeWith } from '../support/needs.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { pythonWithTink } from '../../tools/setup/tink.mjs'

const execute = promisify(execFile)
const page = await readFile(new URL('../../docs/encryption.md', import.meta.url), 'utf8')
const program = /^```python\n([^]*?)^```$/m.exec(page)?.[1] ?? ''

describeWith(['tink'], 'the program of the documentation', () => {
  const folder = temporaryFolder()
  const { signal } = new AbortController()
  const [plan, backupId] = ['shop', '20260301-013000-shop-7f3a2c']
  const [mainKey, recoveryKey] = [noise(32), noise(64).subarray(32)]
  const plain = prose(3_000_000)
  let name: string

  beforeAll(async () => {
    await mkdir(join(folder(), 'backups'))
    await writeFile(join(folder(), 'decrypt.py'), program)
    await writeFile(join(folder(), 'recovery.key'), recoveryKey)
    await writeFile(join(folder(), 'other.key'), noise(96).subarray(64))
    const random = (digits: number) => noise(digits / 2).toString('hex')
    const destination = local(random)('disk', { type: 'local', path: join(folder(), 'backups') })
    const keys = [localKey('main', mainKey), localKey('recovery', recoveryKey)]
    const dataKey = await makeDataKey({ destination, plan, backupId }, { keys, random }, signal)
    const sink = objectSink({
      destination,
      folder: backupFolder(plan, backupId),
      prefixOf: () => 'uploads_20260301_013000',
      compression: { algorithm: 'zstd', level: 3 },
      encryption: { backupId, dataKey, random },
      signal,
      onBytes: () => undefined,
    })
    name = (await sink.store({ kind: 'tar' }, Readable.from([plain]))).name
  })

  const decrypt = (key: string) =>
    execute(pythonWithTink, [
      join(folder(), 'decrypt.py'),
      join(folder(), key),
      join(folder(), 'backups', backupFolder(plan, backupId)),
      name,
      join(folder(), 'uploads.tar.zst'),
    ])

  test('reads a backup with one of its keys, Tink and zstd alone', async () => {
    await decrypt('recovery.key')

    const { stdout } = await execute('zstd', ['-d', '-c', join(folder(), 'uploads.tar.zst')], {
      encoding: 'buffer',
      maxBuffer: 2 * plain.length,
    })
    expect(stdout.equals(plain)).toBe(true)
  })

  test('says when the key is another one', async () => {
    await expect(decrypt('other.key')).rejects.toMatchObject({
      stderr: 'This key does not open the backup.\n',
    })
  })
})
