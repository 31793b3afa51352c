import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { local } from '../../../activities/destinations/local.js'
import { TEMPORARY_FOLDER } from '../../../activities/destinations/object-tree.js'
import { noise, pieces } from '../pipeline/bytes.js'
import { describeWith } from '../../support/needs.js'

const { signal } = new AbortController()
const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
const DAY_SECONDS = 86_400

let folder: string
const open = (path = folder) => local(random)('disk', { type: 'local', path })
const put = (name: string, bytes: Buffer, path = folder) =>
  open(path).put(name, Readable.from(pieces(bytes, 100_000)), { signal })
const names = async (path = folder) => {
  const found: string[] = []
  for await (const { name } of open(path).list('', signal)) found.push(name)
  return found
}

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-local-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('keeps what it writes to itself: files 0600, folders 0700', async () => {
  await put('plans/shop/x', Buffer.from('x'))

  expect(statSync(join(folder, 'plans/shop/x')).mode & 0o777).toBe(0o600)
  for (const made of ['plans', 'plans/shop', TEMPORARY_FOLDER]) {
    expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700)
  }
})

it('leaves no temporary file and no empty folder behind', async () => {
  await put('plans/shop/x', Buffer.from('x'))
  await open().delete('plans/shop/x', signal)

  expect(readdirSync(join(folder, TEMPORARY_FOLDER))).toEqual([])
  expect(existsSync(join(folder, 'plans'))).toBe(false)
})

it('sweeps temporaries of dead writers after a day, and leaves younger ones alone', async () => {
  const temporary = (name: string) => join(folder, TEMPORARY_FOLDER, name)
  mkdirSync(join(folder, TEMPORARY_FOLDER))
  const nowSeconds = Date.now() / 1000
  for (const [name, age] of [
    ['old.tmp', DAY_SECONDS + 60],
    ['young.tmp', DAY_SECONDS - 60],
  ] as const) {
    writeFileSync(temporary(name), 'half')
    utimesSync(temporary(name), nowSeconds - age, nowSeconds - age)
  }

  await put('x', Buffer.from('x'))

  expect(readdirSync(join(folder, TEMPORARY_FOLDER))).toEqual(['young.tmp'])
})

it('says that a folder that is not there may not be mounted', async () => {
  const missing = join(folder, 'missing')

  await expect(put('x', Buffer.from('x'), missing)).rejects.toMatchObject({
    code: 'destination.not-mounted',
    hint: expect.stringContaining('mounted') as string,
  })
  await expect(open(missing).stat('x', signal)).rejects.toMatchObject({ code: 'destination.not-mounted' })
  await expect(names(missing)).rejects.toMatchObject({ code: 'destination.not-mounted' })
  await expect(open(missing).delete('x', signal)).rejects.toMatchObject({ code: 'destination.not-mounted' })
})

it('says that a file is no folder', async () => {
  writeFileSync(join(folder, 'file'), '')

  await expect(put('x', Buffer.from('x'), join(folder, 'file'))).rejects.toMatchObject({
    code: 'destination.unavailable',
  })
})

describeWith(['root'], 'on filesystems of its own', () => {
  let mounted: string
  const mount = (...options: string[]) => execFileSync('mount', [...options, mounted], { stdio: 'pipe' })
  beforeEach(() => mkdirSync((mounted = join(folder, 'mounted'))))
  afterEach(() => execFileSync('umount', ['-l', mounted], { stdio: 'pipe' }))

  it('reports a full disk as such, and leaves nothing of the object', async () => {
    mount('-t', 'tmpfs', '-o', 'size=16m', 'tmpfs')
    await put('plans/small', noise(1_000_000), mounted)

    await expect(put('plans/large', noise(20_000_000), mounted)).rejects.toMatchObject({
      code: 'destination.full',
      hint: expect.stringContaining('cleanup') as string,
    })

    expect(await names(mounted)).toEqual(['plans/small'])
    expect(readdirSync(join(mounted, TEMPORARY_FOLDER))).toEqual([])
    await put('plans/another', noise(10_000_000), mounted)
  })

  it('reports a read-only mount as such', async () => {
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    mount('-o', 'remount,ro')

    await expect(put('x', Buffer.from('x'), mounted)).rejects.toMatchObject({
      code: 'destination.denied',
      hint: expect.stringContaining('Mount it for writing') as string,
    })
  })

  it('tells free space', async () => {
    mount('-t', 'tmpfs', '-o', 'size=16m', 'tmpfs')

    expect(await open(mounted).freeBytes(signal)).toBe(16 * 1024 * 1024)
  })
})

it('lists nothing of a writer that was killed', async () => {
  const script = `
    import { local } from ${JSON.stringify(join(import.meta.dirname, '../../../activities/destinations/local.ts'))}
    import { Readable } from 'node:stream'
    const body = new Readable({ read() {} })
    body.push(Buffer.alloc(1_000_000))
    const destination = local(() => 'aaaaaaaaaaaaaaaa')('disk', { type: 'local', path: ${JSON.stringify(folder)} })
    destination.put('plans/half', body, { signal: new AbortController().signal })
    setInterval(() => undefined, 1000)
  `
  const scriptFile = join(folder, 'writer.mts')
  writeFileSync(scriptFile, script)
  const writer = spawn(join(import.meta.dirname, '../../../node_modules/.bin/tsx'), [scriptFile], {
    stdio: 'inherit',
    detached: true,
  })
  const half = join(folder, TEMPORARY_FOLDER, 'aaaaaaaaaaaaaaaa.tmp')
  await until(() => existsSync(half) && statSync(half).size === 1_000_000)

  process.kill(-(writer.pid as number), 'SIGKILL')
  await once(writer, 'exit')

  expect(statSync(half).size).toBe(1_000_000)
  expect((await names()).filter((name) => name !== 'writer.mts')).toEqual([])
  await put('plans/half', Buffer.from('whole'))
  expect(await names()).toContain('plans/half')
})

it('reports missing rights as such', async () => {
  if (process.getuid?.() === 0) return expect(await deniedAsNobody(folder)).toMatch('destination.denied')
  chmodSync(folder, 0o500)
  await expect(put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'destination.denied' })
})

/** Root may write everywhere: another user tries. */
async function deniedAsNobody(path: string): Promise<string> {
  const userId = process.geteuid?.() ?? 0
  chmodSync(path, 0o755)
  process.seteuid?.(65_534)
  try {
    await put('x', Buffer.from('x'), path)
    return 'written'
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    process.seteuid?.(userId)
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('It did not happen within 15 s.')
}
