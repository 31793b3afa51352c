import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceContext } from '../../../activities/sources/driver.js'
import { sqlite } from '../../../activities/sources/sqlite.js'
import { nodeEngine } from '../../../activities/sources/sqlite/node-engine.js'
import { programEngine } from '../../../activities/sources/sqlite/program-engine.js'
import { partsOf } from '../../../activities/sources/sqlite/read.js'
import { discardFiles, swapFiles, type Renamer } from '../../../activities/sources/sqlite/swap.js'
import { createHostShell } from '../../../activities/services/shell.js'
import type { Item } from '../../../core/backup.js'
import { MemorySink } from '../../fakes/sink.js'
import { placeWith, sourceContext } from '../../fakes/source-context.js'
import { until } from '../../support/until.js'

let folder: string
let context: SourceContext
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-test-'))
  await mkdir(join(folder, 'scratch'))
  context = sourceContext({ scratchFolder: join(folder, 'scratch'), sourceName: 'sessions' })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const query = (path: string, sql: string): string =>
  execFileSync('sqlite3', ['-init', '/dev/null', path, sql], { encoding: 'utf8', stdio: 'pipe' }).trim()

async function makeDatabase(name: string, rows = 100): Promise<string> {
  const path = join(folder, name)
  query(
    path,
    `CREATE TABLE t (id INTEGER PRIMARY KEY, text); CREATE INDEX i ON t (text);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO t SELECT i, 'row ' || i || hex(randomblob(50)) FROM n`,
  )
  return path
}

async function capture(paths: readonly string[]): Promise<{ item: Item; sink: MemorySink }> {
  const sink = new MemorySink()
  const spec = { type: 'sqlite' as const, paths: [...paths] }
  const result = await sqlite.read(spec, sink, context)
  const item: Item = {
    ...{ source: 'sessions', type: 'sqlite', spec, stages: [], objects: sink.objects },
    ...{ notCapturedCounts: {}, isConsistent: true, startedAt: '', completedAt: '' },
    ...result,
  }
  return { item, sink }
}

const plan = (...paths: string[]) => ({ type: 'sqlite' as const, paths })
const count = (path: string) => Number(query(path, 'SELECT count(*) FROM t'))

describe('reading SQLite', () => {
  test('several files with one name become one object each, and come back with mode and owner', async () => {
    await mkdir(join(folder, 'a'))
    await mkdir(join(folder, 'b'))
    const paths = [await makeDatabase('a/Shop 1.db', 10), await makeDatabase('b/Shop 1.db', 20)]
    await chmod(paths[0] as string, 0o640)
    if (process.getuid?.() === 0) await chown(paths[0] as string, 1234, 4321)
    const before = await stat(paths[0] as string)

    await sqlite.preflight(plan(...paths), context)
    const { item, sink } = await capture(paths)

    expect(item.objects.map(({ part }) => part)).toEqual(['%53hop%201%2edb', '%53hop%201%2edb-2'])
    expect(item.counts).toEqual({ files: 2, tables: 2 })
    expect(await readdir(context.scratchFolder)).toEqual([])

    for (const path of paths) await rm(path)
    const target = { restoreId: 'r/1' }
    const preview = await sqlite.preview(item, target, context)
    const moves = await sqlite.stage(item, target, sink, context)
    const swapped = await sqlite.swap(moves, context)

    expect(preview.effects[0]).toContain(`creates ${paths[0]}`)
    expect(paths.map(count)).toEqual([10, 20])
    const after = await stat(paths[0] as string)
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(swapped).toEqual({ safetyCopies: [], restored: paths, kept: [] })
  })

  test('a writer with a WAL goes on meanwhile, and the copy holds whole transactions only', async () => {
    const path = await makeDatabase('live.db', 2000)
    query(path, 'PRAGMA journal_mode = wal; CREATE TABLE pairs (a, b)')
    const writer = spawn('sqlite3', ['-init', '/dev/null', path], { stdio: ['pipe', 'ignore', 'ignore'] })
    let isWriting = true
    const writing = (async () => {
      for (let n = 0; isWriting && n < 200_000; n++) {
        const more = writer.stdin.write(
          `BEGIN; INSERT INTO pairs VALUES (${n}, NULL); UPDATE pairs SET b = ${n} WHERE a = ${n} AND b IS NULL; COMMIT;\n`,
        )
        if (!more) await once(writer.stdin, 'drain')
      }
      writer.stdin.end()
    })()
    await until('the writer writes', () => Number(query(path, 'SELECT count(*) FROM pairs')) > 20)

    const { item, sink } = await capture([path])
    isWriting = false
    await writing
    await once(writer, 'exit')

    const copy = join(folder, 'restored.db')
    await writeFile(copy, sink.bytesOf(item.objects[0] as (typeof item.objects)[0]))
    expect(query(copy, 'PRAGMA integrity_check')).toBe('ok')
    expect(query(copy, 'SELECT count(*) FROM pairs WHERE b IS NOT a')).toBe('0')
    expect(query(copy, 'SELECT count(*) = max(a) + 1 FROM pairs')).toBe('1')
    expect(count(copy)).toBe(2000)
  })

  test('the journal of a writer that was killed is played back before the copy is made', async () => {
    const path = await makeDatabase('crashed.db', 2000)
    const original = query(path, 'SELECT md.s FROM (SELECT sum(length(text)) s FROM t) md')
    const writer = spawn('sqlite3', ['-init', '/dev/null', path], { stdio: ['pipe', 'pipe', 'ignore'] })
    writer.stdin.write(`PRAGMA cache_size = 5; BEGIN; UPDATE t SET text = 'lost'; SELECT 'done';\n`)
    await once(writer.stdout, 'data')
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    expect(await readdir(folder)).toContain('crashed.db-journal')

    await sqlite.preflight(plan(path), context)
    const { item, sink } = await capture([path])

    const copy = join(folder, 'restored.db')
    await writeFile(copy, sink.bytesOf(item.objects[0] as (typeof item.objects)[0]))
    expect(query(copy, 'SELECT sum(length(text)) FROM t')).toBe(original)
  })

  test.each([
    ['is missing', 'source.not-found', async () => undefined],
    ['is a folder', 'source.not-found', (path: string) => mkdir(path)],
    ['is empty', 'source.damaged', (path: string) => writeFile(path, '')],
    ['is something else', 'source.damaged', (path: string) => writeFile(path, 'no database\n'.repeat(2000))],
    [
      'lost its end',
      'source.damaged',
      async (path: string) => {
        const whole = await makeDatabase('whole.db', 3000)
        await writeFile(path, (await readFile(whole)).subarray(0, 40_000))
      },
    ],
    [
      'has a page of zeros',
      'source.damaged',
      async (path: string) => {
        const bytes = await readFile(await makeDatabase('whole.db', 3000))
        await writeFile(path, bytes.fill(0, 8192, 16_384))
      },
    ],
  ] as const)('a database that %s fails with %s, before and while it is read', async (_, code, make) => {
    const path = join(folder, 'odd.db')
    await make(path)

    await expect(sqlite.preflight(plan(path), context)).rejects.toMatchObject({
      code,
      hint: expect.any(String) as string,
    })
    await expect(capture([path])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(path) as string,
    })
    expect(await readdir(context.scratchFolder)).toEqual([])
  })

  test('without any SQLite it says what to install', async () => {
    const path = await makeDatabase('tool.db')
    const host = placeWith('host', join(folder, 'nothing'))
    const bare = sourceContext({ scratchFolder: context.scratchFolder, shells: { '': host } })
    const hasOwn = (await nodeEngine(host, process.execPath, context.signal)) !== undefined

    const attempt = sqlite.preflight(plan(path), bare)

    if (hasOwn) await expect(attempt).resolves.toBeUndefined()
    else
      await expect(attempt).rejects.toMatchObject({
        code: 'source.tool-missing',
        hint: expect.stringContaining('sqlite3') as string,
      })
  })

  test('equal names of files get parts of their own', () => {
    expect([...partsOf(['/a/x.db', '/b/x.db', '/c/x.db-2', '/a/x.db']).values()]).toEqual([
      'x%2edb',
      'x%2edb-2',
      'x%2edb-2-2',
    ])
  })
})

describe('restoring SQLite', () => {
  const target = { restoreId: 'r/1' }

  test('a WAL beside the old file does not get into the restored one', async () => {
    const path = await makeDatabase('trap.db', 100)
    query(path, 'PRAGMA journal_mode = wal')
    const { item, sink } = await capture([path])
    // A service that was killed leaves a WAL with what it wrote last.
    const writer = spawn('sqlite3', ['-init', '/dev/null', path], { stdio: ['pipe', 'pipe', 'ignore'] })
    writer.stdin.write(`DELETE FROM t WHERE id > 7; SELECT 'done';\n`)
    await once(writer.stdout, 'data')
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0)

    const moves = await sqlite.stage(item, target, sink, context)
    const { safetyCopies } = await sqlite.swap(moves, context)

    expect(count(path)).toBe(100)
    expect(safetyCopies).toHaveLength(1)
    expect(count(moves[0]?.safety ?? '')).toBe(7)

    await rm(`${moves[0]?.safety}-shm`, { force: true })
    await sqlite.discard(moves, context)

    expect(count(path)).toBe(7)
    expect((await readdir(folder)).filter((name) => name.includes('holdfast'))).toEqual([])
  })

  test('another folder can be the target, also one that is not there yet', async () => {
    const path = await makeDatabase('elsewhere.db', 5)
    const { item, sink } = await capture([path])
    const to = join(folder, 'new/place')

    const moves = await sqlite.stage(item, { restoreId: 'r/1', to }, sink, context)
    await sqlite.swap(moves, context)

    expect(count(join(to, 'elsewhere.db'))).toBe(5)
    expect(await readdir(to)).toEqual(['elsewhere.db'])
  })

  test('only the files that are included are restored', async () => {
    const { item, sink } = await capture([await makeDatabase('one.db'), await makeDatabase('two.db')])

    const moves = await sqlite.stage(item, { restoreId: 'r/1', include: ['two.*'] }, sink, context)

    expect(moves.map((move) => move.target)).toEqual([join(folder, 'two.db')])
  })

  test('--database is refused, since it would be ignored', async () => {
    const { item } = await capture([await makeDatabase('one.db')])

    await expect(sqlite.preview(item, { restoreId: 'r/1', database: 'x' }, context)).rejects.toMatchObject({
      code: 'flag.invalid',
    })
  })

  test.each([
    ['was cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096)],
    ['has one other byte', (bytes: Buffer) => (bytes.writeUInt8(bytes.readUInt8(9000) ^ 1, 9000), bytes)],
  ])('an object that %s is refused, and nothing is left', async (_, change) => {
    const path = await makeDatabase('kept.db', 1000)
    const { item, sink } = await capture([path])
    sink.damage(item.objects[0] as (typeof item.objects)[0], change)

    await expect(sqlite.stage(item, target, sink, context)).rejects.toMatchObject({ code: 'object.corrupt' })

    expect(count(path)).toBe(1000)
    expect((await readdir(folder)).sort()).toEqual(['kept.db', 'scratch'])
  })

  describe('killed at each rename', () => {
    class Killed extends Error {}
    const dyingAfter = (renames: number): Renamer => {
      let left = renames
      return {
        rename: async (from, to) => {
          if (left-- === 0) throw new Killed()
          await rename(from, to)
        },
      }
    }

    async function stagedOverWal(name: string) {
      const path = await makeDatabase(`${name}.db`, 50)
      const { item, sink } = await capture([path])
      query(path, 'DELETE FROM t WHERE id > 9')
      const moves = await sqlite.stage(item, target, sink, context)
      for (const sidecar of ['-wal', '-shm', '-journal']) await writeFile(path + sidecar, `old ${sidecar}`)
      return { path, moves }
    }
    const leftOf = async (path: string) =>
      Promise.all(['-wal', '-shm', '-journal'].map((end) => readFile(path + end, 'utf8').catch(() => 'none')))

    test.each([0, 1, 2, 3, 4, 5])('after %i renames, the next call finishes the swap', async (renames) => {
      const { path, moves } = await stagedOverWal('swap')
      await swapFiles(moves, dyingAfter(renames)).catch((error: unknown) =>
        expect(error).toBeInstanceOf(Killed),
      )

      await swapFiles(moves)
      await swapFiles(moves)

      expect(await leftOf(path)).toEqual(['none', 'none', 'none'])
      expect(await leftOf(moves[0]?.safety ?? '')).toEqual(['old -wal', 'old -shm', 'old -journal'])
      expect(count(path)).toBe(50)
    })

    test.each([0, 1, 2, 3, 4, 5])('after %i renames, all can be undone', async (renames) => {
      const { path, moves } = await stagedOverWal('undo')
      await swapFiles(moves, dyingAfter(renames)).catch((error: unknown) =>
        expect(error).toBeInstanceOf(Killed),
      )

      await discardFiles(moves)

      expect(await leftOf(path)).toEqual(['old -wal', 'old -shm', 'old -journal'])
      for (const sidecar of ['-wal', '-shm', '-journal']) await rm(path + sidecar)
      expect(count(path)).toBe(9)
      expect((await readdir(folder)).filter((name) => name.includes('holdfast'))).toEqual([])
    })

    test.each([0, 1, 2, 3, 4, 5, 6, 7])(
      'an undo killed after %i renames is finished by the next',
      async (renames) => {
        const { path, moves } = await stagedOverWal('undo')
        await swapFiles(moves)
        await writeFile(`${path}-wal`, 'new -wal')
        await discardFiles(moves, dyingAfter(renames)).catch((error: unknown) =>
          expect(error).toBeInstanceOf(Killed),
        )

        await discardFiles(moves)
        await discardFiles(moves)

        expect(await leftOf(path)).toEqual(['old -wal', 'old -shm', 'old -journal'])
        for (const sidecar of ['-wal', '-shm', '-journal']) await rm(path + sidecar)
        expect(count(path)).toBe(9)
      },
    )
  })

  test('a swap fails when what was staged is gone and not in place', async () => {
    const path = await makeDatabase('lost.db', 5)
    const { item, sink } = await capture([path])
    const moves = await sqlite.stage(item, target, sink, context)
    await rm(moves[0]?.staged ?? '')

    await expect(sqlite.swap(moves, context)).rejects.toMatchObject({ code: 'restore.failed' })
  })

  test('an undo never removes a file that somebody put there meanwhile', async () => {
    const path = await makeDatabase('mine.db', 5)
    const { item, sink } = await capture([path])
    const moves = await sqlite.stage(item, target, sink, context)
    await sqlite.swap(moves, context)
    await cp(path, `${path}.other`)
    await rename(`${path}.other`, path)

    await expect(sqlite.discard(moves, context)).rejects.toMatchObject({ code: 'restore.conflict' })

    expect(count(path)).toBe(5)
    expect(count(moves[0]?.safety ?? '')).toBe(5)
  })
})

describe('the two ways to SQLite', () => {
  test('agree on what is damaged and on what is copied', async () => {
    const shell = createHostShell(process.env)
    const { signal } = context
    const engines = [
      await programEngine(shell, signal),
      await nodeEngine(shell, process.execPath, signal),
    ].flatMap((engine) => (engine ? [engine] : []))
    const path = await makeDatabase('both.db', 3000)
    query(path, 'PRAGMA journal_mode = wal')
    const broken = join(folder, 'broken.db')
    await writeFile(broken, (await readFile(path)).fill(0, 8192, 16_384))

    for (const [index, engine] of engines.entries()) {
      expect(engine.version).toMatch(/^3\.\d+/)
      expect(await engine.copy(path, { folder, name: `copy-${index}` })).toBe(1)
      await engine.check(join(folder, `copy-${index}`), 'still')
      await engine.check(path, 'live')
      await expect(engine.check(broken, 'still')).rejects.toMatchObject({ code: 'source.damaged' })
      await expect(engine.check(join(folder, 'none'), 'live')).rejects.toMatchObject({
        code: 'source.denied',
      })
      expect(count(join(folder, `copy-${index}`))).toBe(3000)
    }
  })
})
