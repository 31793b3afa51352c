import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
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
const commands = /^```sh\n(python [^]*?)^```$/m.exec(page)?.[1] ?? ''
const program = /^```python\n([^]*?)^```$/m.exec(page)?.[1] ?? ''

const inBytes = { encoding: 'buffer', maxBuffer: 10_000_000 } as const

describeWith(['tink'], 'the program of the documentation', () => {
  const folder = temporaryFolder()
  const { signal } = new AbortController()
  const [plan, backupId] = ['shop', '20261120-013000-shop-7f3a2c']
  const [mainKey, recoveryKey] = [noise(32), noise(64).subarray(32)]
  const content = prose(3_000_000)
  let plain: Buffer
  let name: string

  beforeAll(async () => {
    await mkdir(join(folder(), 'backups'))
    await writeFile(join(folder(), 'decrypt.py'), program)
    await writeFile(join(folder(), 'recovery.key'), recoveryKey)
    await writeFile(join(folder(), 'other.key'), noise(96).subarray(64))
    await writeFile(join(folder(), 'read me.txt'), content)
    const made = await execute('tar', ['--create', '--directory', folder(), 'read me.txt'], inBytes)
    plain = made.stdout
    const random = (digits: number) => noise(digits / 2).toString('hex')
    const destination = local(random)('disk', { type: 'local', path: join(folder(), 'backups') })
    const keys = [localKey('main', mainKey), localKey('recovery', recoveryKey)]
    const dataKey = await makeDataKey({ destination, plan, backupId }, { keys, random }, signal)
    const sink = objectSink({
      destination,
      folder: backupFolder(plan, backupId),
      prefixOf: () => 'uploads_20261120_013000',
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

    const { stdout } = await execute('zstd', ['-d', '-c', join(folder(), 'uploads.tar.zst')], inBytes)
    expect(stdout.equals(plain)).toBe(true)
  })

  test('and its commands, as they stand there, bring back the files', async () => {
    const place = join(folder(), 'backups')
    await writeFile(join(place, 'decrypt.py'), program)
    await writeFile(join(place, 'main.key'), mainKey)
    const path = [dirname(pythonWithTink), process.env['PATH'] ?? ''].join(delimiter)

    await execute('sh', ['-e', '-c', commands], { cwd: place, env: { ...process.env, PATH: path } })

    expect((await readFile(join(place, 'read me.txt'))).equals(content)).toBe(true)
  })

  test('says when the key is another one', async () => {
    await expect(decrypt('other.key')).rejects.toMatchObject({
      stderr: 'This key does not open the backup.\n',
    })
  })
})
