import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { zstdText } from './files-zstd.js'
import { files } from '../../../activities/sources/files.js'
import type { RestoreTarget } from '../../../activities/sources/driver.js'
import type { Item } from '../../../core/backup.js'
import { backUp, everythingIn, makeBench, readerOf, storedPath, type Bench } from './files-support.js'
import { makeHostileTree } from './files-hostile-tree.js'
import { testWith } from '../../support/needs.js'

let bench: Bench
let tree: string
beforeEach(async () => {
  bench = await makeBench()
  tree = join(bench.folder, 'data/uploads')
  mkdirSync(tree, { recursive: true })
})
afterEach(() => bench.dispose())

const target = (changes: Partial<RestoreTarget> = {}): RestoreTarget => ({ restoreId: 'b/1', ...changes })
const source = (changes: { exclude?: string[]; paths?: string[] } = {}) => ({
  type: 'files' as const,
  paths: [tree],
  ...changes,
})
const stage = (item: Item, changes: Partial<RestoreTarget> = {}) =>
  files.stage(item, target(changes), readerOf(bench), bench.context)
const restore = async (item: Item, changes: Partial<RestoreTarget> = {}) => {
  const moves = await stage(item, changes)
  return { moves, swapped: await files.swap(moves, bench.context) }
}
const safety = () => `${tree}.holdfast-before-b-1`

describe('round trip', () => {
  testWith(['root'], 'brings back everything of a hostile tree, exactly', async () => {
    makeHostileTree(tree)
    const before = everythingIn(tree)

    const { item, result } = await backUp(bench, files, source())
    rmSync(tree, { recursive: true })
    await restore(item)

    expect(everythingIn(tree)).toEqual(before)
    expect(result.notCaptured).toEqual([])
    expect(result.counts).toMatchObject({ symlinks: 3, hardLinks: 2, devices: 2, fifos: 1 })
  })

  testWith(['root'], 'can be opened without Holdfast', async () => {
    makeHostileTree(tree)
    const before = everythingIn(tree)
    const { item } = await backUp(bench, files, source())
    const elsewhere = join(bench.folder, 'elsewhere')
    mkdirSync(elsewhere)

    execFileSync('tar', [
      ...['--zstd', '--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '-xpf'],
      ...[storedPath(bench, item, 'tar'), '-C', elsewhere],
    ])

    expect(everythingIn(join(elsewhere, tree))).toEqual(before)
  })

  it('keeps several paths apart, also files, and reads what lies in another one once', async () => {
    const [one, two] = [join(tree, 'one'), join(tree, 'two.conf')]
    mkdirSync(join(one, 'deep'), { recursive: true })
    writeFileSync(join(one, 'deep/x'), 'x')
    writeFileSync(two, 'two')

    const { item, result } = await backUp(bench, files, source({ paths: [one, two, join(one, 'deep')] }))
    rmSync(one, { recursive: true })
    rmSync(two)
    const { swapped } = await restore(item)

    expect(result.counts).toEqual({ files: 2, folders: 2 })
    expect(readFileSync(join(one, 'deep/x'), 'utf8')).toBe('x')
    expect(readFileSync(two, 'utf8')).toBe('two')
    expect(swapped).toEqual({ restored: [one, two], safetyCopies: [], kept: [] })
    expect(readdirSync(tree).sort()).toEqual(['one', 'two.conf'])
  })

  it('links files of two paths to each other no more: each can be restored alone', async () => {
    const [one, two] = [join(tree, 'one'), join(tree, 'two')]
    mkdirSync(one)
    mkdirSync(two)
    writeFileSync(join(one, 'x'), 'shared')
    execFileSync('ln', [join(one, 'x'), join(two, 'x')])

    const { item } = await backUp(bench, files, source({ paths: [one, two] }))
    rmSync(one, { recursive: true })
    rmSync(two, { recursive: true })
    await restore(item)

    expect(readFileSync(join(two, 'x'), 'utf8')).toBe('shared')
  })

  it.each(['gzip', 'none'] as const)('works with compression %s', async (algorithm) => {
    writeFileSync(join(tree, 'x'), 'x'.repeat(100_000))

    const { item } = await backUp(bench, files, source(), { algorithm, level: 6 })
    await restore(item)

    expect(readFileSync(join(tree, 'x'), 'utf8')).toHaveLength(100_000)
  })
})

describe('what is left out', () => {
  it('is what globs match, with all below, and our own folders', async () => {
    for (const path of [
      'cache/a/b',
      'keep/cache/c',
      'keep/x.tmp',
      'x.tmp',
      '.holdfast-before-old/x',
      'spaß/.env',
    ]) {
      mkdirSync(join(tree, path, '..'), { recursive: true })
      writeFileSync(join(tree, path), '')
    }
    mkdirSync(join(tree, 'backups'))
    writeFileSync(join(tree, 'backups/holdfast.json'), '')
    bench = { ...bench, context: { ...bench.context, neverRead: [join(tree, 'backups')] } }

    const { item } = await backUp(bench, files, source({ exclude: ['cache/**', '*.tmp'] }))

    expect((await index(item)).map(({ path }) => `/${path}`.slice(tree.length))).toEqual(
      ['', '/spaß', '/spaß/.env', '/keep', '/keep/cache', '/keep/cache/c'].sort(),
    )
  })

  it('is counted where it is a socket', async () => {
    const server = createServer().listen(join(tree, 's'))
    await new Promise((resolve) => server.once('listening', resolve))

    const { result } = await backUp(bench, files, source())
    server.close()

    expect(result).toMatchObject({ counts: { files: 0, folders: 1, sockets: 1 }, notCaptured: [] })
  })
})

describe('the index', () => {
  it('says of every member what and where it is', async () => {
    writeFileSync(join(tree, 'a'), 'content of a')
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x0a])]), 'b')
    symlinkSync('a', join(tree, 'link'))
    execFileSync('touch', ['-d', '2026-01-02T03:04:05.123456789Z', join(tree, 'a')])

    const { item } = await backUp(bench, files, source())
    const lines = await index(item)
    const tar = execFileSync('zstd', ['-q', '-d', '-c', storedPath(bench, item, 'tar')])

    const member = tree.slice(1)
    const ofA = lines.find(({ path }) => path === `${member}/a`)
    expect(ofA).toMatchObject({ type: 'file', size: 12, mtime: '1767323045.123456789', mode: '0644' })
    const offset = ofA?.offset as number
    expect(tar.subarray(offset, offset + 4096).includes('content of a')).toBe(true)
    expect(lines.map(({ type }) => type).sort()).toEqual(['file', 'file', 'folder', 'symlink'])
    const strange = lines.find(({ pathBytes }) => pathBytes !== undefined)?.pathBytes as string
    expect(Buffer.from(strange, 'base64').subarray(-2)).toEqual(Buffer.from([0xff, 0x0a]))
  })
})

describe('preflight', () => {
  it.each([
    ['a path that is missing', 'missing', 'source.not-found'],
    ['a path below a file', 'file/x', 'source.not-found'],
    ['a link to a folder, of which only the link would be kept', 'link', 'source.not-found'],
  ])('refuses %s', async (_, name, code) => {
    writeFileSync(join(tree, 'file'), '')
    symlinkSync('.', join(tree, 'link'))

    const refused = files.preflight(source({ paths: [join(tree, name)] }), bench.context)

    await expect(refused).rejects.toMatchObject({ code, hint: expect.any(String) as string })
  })

  testWith(['root'], 'refuses a path that may not be read', async () => {
    execFileSync('chmod', ['755', bench.folder])
    execFileSync('chmod', ['700', tree])
    process.seteuid?.(65_534)
    const outcome = await files.preflight(source(), bench.context).catch((error: unknown) => error)
    process.seteuid?.(0)

    expect(outcome).toMatchObject({ code: 'source.denied' })
  })
})

describe('restore', () => {
  let item: Item
  beforeEach(async () => {
    for (const name of ['a', 'b', 'sub/c']) {
      mkdirSync(join(tree, name, '..'), { recursive: true })
      writeFileSync(join(tree, name), `old ${name}`)
    }
    execFileSync('ln', [join(tree, 'a'), join(tree, 'sub/a-again')])
    item = (await backUp(bench, files, source())).item
    writeFileSync(join(tree, 'a'), 'new a')
    writeFileSync(join(tree, 'added'), 'added')
  })
  const content = (path: string) => readFileSync(join(tree, path), 'utf8')

  it('replaces a path as a whole, and keeps what was there', async () => {
    const { swapped } = await restore(item)

    expect(content('a')).toBe('old a')
    expect(existsSync(join(tree, 'added'))).toBe(false)
    expect(readFileSync(join(safety(), 'added'), 'utf8')).toBe('added')
    expect(swapped.restored).toEqual([tree])
    expect(swapped.safetyCopies).toEqual([expect.stringContaining(safety())])
    expect(readdirSync(join(tree, '..')).sort()).toEqual(['uploads', 'uploads.holdfast-before-b-1'])
  })

  it('touches nothing before the swap, and leaves nothing when it is discarded', async () => {
    const moves = await stage(item)
    expect(content('a')).toBe('new a')

    await files.discard(moves, bench.context)
    await files.discard(moves, bench.context)

    expect(content('a')).toBe('new a')
    expect(readdirSync(join(tree, '..'))).toEqual(['uploads'])
  })

  it('goes to another folder under its whole path', async () => {
    const to = join(bench.folder, 'to')

    await restore(item, { to })

    expect(readFileSync(join(to, tree, 'sub/c'), 'utf8')).toBe('old sub/c')
    expect(content('a')).toBe('new a')
    expect(readdirSync(to)).toEqual([tree.split('/')[1]])
  })

  it('lays only some files over what is there, and keeps those that they replace', async () => {
    const { swapped } = await restore(item, { include: ['sub/a-again', 'a'] })

    expect(content('a')).toBe('old a')
    expect(content('sub/a-again')).toBe('old a')
    expect(content('added')).toBe('added')
    expect(readFileSync(join(safety(), 'a'), 'utf8')).toBe('new a')
    expect(swapped.safetyCopies).toEqual([expect.stringContaining(safety())])
  })

  it('brings the content of a hard link whose first name is not asked for', async () => {
    rmSync(join(tree, 'sub'), { recursive: true })

    await restore(item, { include: ['a-again'] })

    expect(readdirSync(join(tree, 'sub'))).toEqual(['a-again'])
    expect(content('sub/a-again')).toBe('old a')
    expect(content('a')).toBe('new a')
  })

  testWith(['root'], 'leaves folders above some files as they are where they are there', async () => {
    rmSync(join(tree, 'sub/c'))
    execFileSync('chown', ['33:34', join(tree, 'sub')])
    execFileSync('chmod', ['2750', join(tree, 'sub')])
    const before = rightsIn(['', 'sub'])

    await restore(item, { include: ['sub/c'] })

    expect(content('sub/c')).toBe('old sub/c')
    expect(rightsIn(['', 'sub'])).toEqual(before)
  })

  it.each([
    ['a name', 'c', ['sub/c']],
    ['a whole path', () => join(tree, 'sub'), ['sub/a-again', 'sub/c']],
    ['a glob', 'su*/c', ['sub/c']],
  ])('understands %s', async (_, include, brought) => {
    rmSync(join(tree, 'sub'), { recursive: true })

    await restore(item, { include: [typeof include === 'string' ? include : include()] })

    expect(['sub/a-again', 'sub/c'].filter((path) => existsSync(join(tree, path)))).toEqual(brought)
  })

  it('says so when nothing matches', async () => {
    await expect(stage(item, { include: ['nothing-*'] })).rejects.toMatchObject({ code: 'flag.invalid' })
    expect(readdirSync(join(tree, '..'))).toEqual(['uploads'])
  })

  it('refuses to lose an earlier safety copy', async () => {
    await restore(item)

    await expect(stage(item)).rejects.toMatchObject({ code: 'restore.conflict' })
  })

  it('can be staged twice: what a killed try left is replaced', async () => {
    const first = await stage(item)
    writeFileSync(join(first[0]?.staged as string, 'half'), '')

    await restore(item)

    expect(existsSync(join(tree, 'half'))).toBe(false)
  })

  it.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 100)],
    ['emptied', (path: string) => truncateSync(path, 0)],
    [
      'flipped in one bit',
      (path: string) => {
        const bytes = readFileSync(path)
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
        writeFileSync(path, bytes)
      },
    ],
    ['longer', (path: string) => writeFileSync(path, 'x', { flag: 'a' })],
    ['gone', (path: string) => rmSync(path)],
  ])('refuses an archive that is %s, and leaves nothing behind', async (_, damage) => {
    const path = storedPath(bench, item, 'tar')
    damage(path)

    await expect(stage(item)).rejects.toMatchObject({
      code: expect.stringMatching(/^object\.(corrupt|not-found)$/) as string,
    })
    expect(readdirSync(join(tree, '..'))).toEqual(['uploads'])
    expect(content('a')).toBe('new a')
  })

  it('refuses another archive with the size of the recorded one', async () => {
    const path = storedPath(bench, item, 'tar')
    const forged = {
      ...item,
      objects: item.objects.map((object) => ({ ...object, plainSha256: '0'.repeat(64) })),
    }

    await expect(stage(forged)).rejects.toMatchObject({ code: 'object.corrupt' })
    expect(existsSync(path)).toBe(true)
  })

  it('says beforehand what it will replace', async () => {
    const preview = await files.preview(item, target(), bench.context)

    expect(preview).toMatchObject({ source: 'uploads', type: 'files', notCaptured: 0 })
    expect(preview.effects).toEqual([expect.stringMatching(`^replaces ${tree} .* is kept as ${safety()}$`)])
    const elsewhere = await files.preview(item, target({ to: join(bench.folder, 'to') }), bench.context)
    expect(elsewhere.effects).toEqual([expect.stringMatching(`^creates ${join(bench.folder, 'to', tree)} `)])
  })

  it('says beforehand that there is no room', async () => {
    const huge = { ...item, objects: item.objects.map((object) => ({ ...object, plainBytes: 2 ** 60 })) }

    await expect(files.preview(huge, target(), bench.context)).rejects.toMatchObject({
      code: 'restore.no-space',
    })
  })

  it('refuses to replace the root of the machine', async () => {
    const whole = { ...item, spec: source({ paths: ['/'] }) } as Item

    await expect(files.preview(whole, target(), bench.context)).rejects.toMatchObject({
      code: 'restore.conflict',
    })
  })
})

testWith(['root'], 'makes missing folders above some files again as they were', async () => {
  mkdirSync(join(tree, 'invoices/2026/11'), { recursive: true })
  writeFileSync(join(tree, 'invoices/2026/11/x'), 'x')
  writeFileSync(join(tree, 'invoices/other'), 'not asked for')
  execFileSync('chown', ['33:34', join(tree, 'invoices'), join(tree, 'invoices/2026/11')])
  execFileSync('chmod', ['700', join(tree, 'invoices'), join(tree, 'invoices/2026')])
  execFileSync('chmod', ['2750', join(tree, 'invoices/2026/11')])
  const folders = ['', 'invoices', 'invoices/2026', 'invoices/2026/11']
  const before = rightsIn(folders)
  const { item } = await backUp(bench, files, source())
  rmSync(tree, { recursive: true })

  await restore(item, { include: ['invoices/2026/**/x'] })

  expect(rightsIn(folders)).toEqual(before)
  expect(readdirSync(join(tree, 'invoices'))).toEqual(['2026'])
})

const rightsIn = (folders: readonly string[]) =>
  folders.map((folder) => {
    const { mode, uid, gid } = statSync(join(tree, folder))
    return `${folder} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`
  })

async function index(item: Item) {
  const text = await zstdText(storedPath(bench, item, 'index'))
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { path?: string; pathBytes?: string; type: string; offset: number })
    .sort((left, right) => ((left.path ?? '') < (right.path ?? '') ? -1 : 1))
}
