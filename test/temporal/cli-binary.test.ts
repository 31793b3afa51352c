import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { create } from 'tar'
import { ensureTemporalCli, type CliOptions } from '../../temporal/cli-binary.js'
import { officialRelease } from '../../temporal/cli-download.js'
import { isRecentEnough } from '../../temporal/cli-version.js'

let folder: string
let servers: Server[]
let lines: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
  servers = []
  lines = []
})
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
})

/** What answers as Temporal's CLI does, in this version. */
async function programSaying(path: string, version: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `#!/bin/sh\necho "temporal version ${version} (Server 1.31.2, UI 2.50.1)"\n`)
  await chmod(path, 0o755)
  return path
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/temporal.tar.gz`
}

async function releaseArchive(): Promise<{ bytes: Buffer; sha256: string }> {
  await programSaying(join(folder, 'release', 'temporal'), '1.8.2')
  await writeFile(join(folder, 'release', 'LICENSE'), 'text')
  const file = join(folder, 'release.tar.gz')
  await create({ gzip: true, file, cwd: join(folder, 'release') }, ['LICENSE', 'temporal'])
  const bytes = await readFile(file)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** Nothing is there: an empty PATH (no Go either), an empty cache, and a release that nobody serves. */
const ensure = (changes: NodeJS.ProcessEnv = {}, options: Partial<CliOptions> = {}) =>
  ensureTemporalCli({
    environment: { PATH: join(folder, 'bin'), HOME: folder, ...changes },
    onProgress: (line) => lines.push(line),
    release: { url: 'http://127.0.0.1:9/nothing', sha256: '' },
    ...options,
  })

const cached = () => join(folder, '.cache', 'holdfast', 'bin', 'temporal-1.8.2')

test('takes the program that the environment names, before any other', async () => {
  const named = await programSaying(join(folder, 'mine'), '1.9.0')
  await programSaying(join(folder, 'bin', 'temporal'), '1.8.0')

  expect(await ensure({ HOLDFAST_TEMPORAL_CLI: named })).toEqual({ path: named, version: '1.9.0' })
})

test.each([
  ['is not there', undefined, 'cannot be run as Temporal CLI'],
  ['is too old', '1.4.9', 'is version 1.4.9'],
])('never takes another one silently when the one named %s', async (_, version, why) => {
  const named = join(folder, 'mine')
  if (version !== undefined) await programSaying(named, version)
  await programSaying(cached(), '1.8.2')

  await expect(ensure({ HOLDFAST_TEMPORAL_CLI: named })).rejects.toMatchObject({
    code: 'temporal.cli-missing',
    message: expect.stringContaining(why) as string,
  })
})

test('takes the first recent one on PATH, then the one in the cache', async () => {
  await programSaying(join(folder, 'old', 'temporal'), '1.2.0')
  const recent = await programSaying(join(folder, 'new', 'temporal'), '1.5.0')
  await programSaying(cached(), '1.8.2')

  const onPath = await ensure({ PATH: [join(folder, 'old'), join(folder, 'new')].join(delimiter) })
  const inCache = await ensure({ PATH: join(folder, 'old') })

  expect(onPath).toEqual({ path: recent, version: '1.5.0' })
  expect(inCache).toEqual({ path: cached(), version: '1.8.2' })
})

test('the cache is where XDG says', async () => {
  const program = await programSaying(join(folder, 'xdg', 'holdfast', 'bin', 'temporal-1.8.2'), '1.8.2')

  expect((await ensure({ XDG_CACHE_HOME: join(folder, 'xdg') })).path).toBe(program)
})

test('downloads the release, checks its digest, and keeps it in the cache', async () => {
  const { bytes, sha256 } = await releaseArchive()
  const url = await serve((_, response) => response.end(bytes))

  const found = await ensure({}, { release: { url, sha256 } })

  expect(found).toEqual({ path: cached(), version: '1.8.2' })
  expect(lines.join('\n')).toContain('Downloading')
  expect(await readdir(join(cached(), '..'))).toEqual(['temporal-1.8.2'])
})

test('never keeps a download with another digest, or a half one', async () => {
  const { bytes, sha256 } = await releaseArchive()
  const whole = await serve((_, response) => response.end(bytes))
  const half = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 50))
    setImmediate(() => response.destroy())
  })

  await expect(ensure({}, { release: { url: whole, sha256: '0'.repeat(64) } })).rejects.toThrow(/SHA-256 is/)
  await expect(ensure({}, { release: { url: half, sha256 } })).rejects.toMatchObject({
    code: 'temporal.cli-missing',
  })

  expect(await readdir(join(cached(), '..'))).toEqual([])
})

test('a server that never answers costs seconds, and the next way is tried', async () => {
  const url = await serve(() => undefined)
  const started = performance.now()

  const failed = ensure({}, { release: { url, sha256: '' } })

  await expect(failed).rejects.toThrow(/no answer within 5 s.*Go is not installed/s)
  expect(performance.now() - started).toBeLessThan(8000)
})

test('builds with Go where nothing else is left, into the cache and as a whole', async () => {
  // What `go build … -o FILE PACKAGE` does, as far as we see it.
  const go = join(folder, 'bin', 'go')
  const built = await programSaying(join(folder, 'built'), '1.8.2')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(go, `#!/bin/sh\n[ "$1" = build ] && [ "$4" = -o ] && /bin/cp '${built}' "$5"\n`)
  await chmod(go, 0o755)

  const found = await ensure({}, { moduleFolder: folder })

  expect(found).toEqual({ path: cached(), version: '1.8.2' })
  expect(lines[0]).toMatch(/up to 10 minutes the first time/)
})

test('says all that was tried, and what to do, when nothing works', async () => {
  const failed = ensure()

  await expect(failed).rejects.toMatchObject({
    code: 'temporal.cli-missing',
    message: expect.stringMatching(
      /PATH: no Temporal CLI.*not there.*127\.0\.0\.1:9.*Go is not installed/s,
    ) as string,
    hint: expect.stringContaining('HOLDFAST_TEMPORAL_CLI') as string,
  })
})

test('a build that fails says what the compiler said, and leaves nothing', async () => {
  const go = join(folder, 'bin', 'go')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(go, '#!/bin/sh\necho "missing go.sum entry" >&2\nexit 1\n')
  await chmod(go, 0o755)

  await expect(ensure({}, { moduleFolder: folder })).rejects.toThrow(/exit code 1: missing go.sum entry/)

  expect(await readdir(join(cached(), '..'))).toEqual([])
})

test('a request to stop ends a build at once', async () => {
  const go = join(folder, 'bin', 'go')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(go, '#!/bin/sh\nexec /bin/sleep 600\n')
  await chmod(go, 0o755)
  const stop = new AbortController()

  const failed = ensure(
    {},
    {
      moduleFolder: folder,
      signal: stop.signal,
      onProgress: () => setImmediate(() => stop.abort(new Error('asked'))),
    },
  )

  await expect(failed).rejects.toThrow('asked')
})

test('knows a release for every platform that is named in the manual', () => {
  for (const [platform, architecture] of [
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'x64'],
    ['darwin', 'arm64'],
  ] as const) {
    expect(officialRelease(platform, architecture)?.sha256).toMatch(/^[0-9a-f]{64}$/)
  }
  expect(officialRelease('win32', 'x64')).toBeUndefined()
})

test.each([
  ['1.5.0', true],
  ['1.8.2', true],
  ['2.0.0', true],
  ['1.4.12', false],
  ['0.13.2', false],
])('version %s is recent enough: %s', (version, expected) => {
  expect(isRecentEnough(version)).toBe(expected)
})
