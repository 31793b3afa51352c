import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { restoreActivities } from '../../activities/restore.js'
import { createHostShell } from '../../activities/services/shell.js'
import { files } from '../../activities/sources/files.js'
import { sqlite } from '../../activities/sources/sqlite.js'
import type { Item } from '../../core/backup.js'
import { backupFolder } from '../../core/ids.js'
import type { RestoreRequest } from '../../core/work/restore.js'
import { runActivity } from '../fakes/activity.js'
import { item, storeBackup } from '../fakes/backups.js'
import { MemorySink } from '../fakes/sink.js'
import { fakeSite } from '../fakes/site.js'
import { sourceContext } from '../fakes/source-context.js'
import { fakeTools } from '../fakes/tools.js'

// A folder and a SQLite database in it, each a source of one plan, restored by the real drivers.

let folder: string
let app: string
let database: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restore-others-'))
  app = join(folder, 'data/app')
  database = join(app, 'app.db')
  mkdirSync(app, { recursive: true })
  mkdirSync(join(folder, 'scratch'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const query = (path: string, sql: string): string =>
  execFileSync('sqlite3', ['-init', '/dev/null', path, sql], { encoding: 'utf8', stdio: 'pipe' }).trim()
const rowIn = (path: string) => query(path, 'SELECT text FROM t')
const setRow = (text: string) =>
  query(database, `CREATE TABLE IF NOT EXISTS t (text); DELETE FROM t; INSERT INTO t VALUES ('${text}')`)
const notes = () => readFileSync(join(app, 'notes.txt'), 'utf8')

type Capture = () => Promise<{ readonly item: Item; readonly sink: MemorySink }>

const capture = async (
  source: string,
  read: (sink: MemorySink, scratchFolder: string) => Promise<Partial<Item>>,
): Promise<Awaited<ReturnType<Capture>>> => {
  const sink = new MemorySink()
  const result = await read(sink, join(folder, 'scratch'))
  return { item: item({ source, objects: sink.objects, ...result }), sink }
}

const captureRest =
  (exclude: readonly string[] = []): Capture =>
  () =>
    capture('rest', async (sink, scratchFolder) => {
      const spec = { type: 'files' as const, paths: [app], exclude: [...exclude] }
      const context = sourceContext({ scratchFolder, sourceName: 'rest' })
      return { type: 'files', spec, ...(await files.read(spec, sink, context)) }
    })

const captureDatabase =
  (path = database): Capture =>
  () =>
    capture('db', async (sink, scratchFolder) => {
      const spec = { type: 'sqlite' as const, paths: [path] }
      const context = sourceContext({ scratchFolder, sourceName: 'db' })
      return { type: 'sqlite', spec, ...(await sqlite.read(spec, sink, context)) }
    })

/** The checked copy has the row `checked`, the archive of the folder a file with the row `raw`; in place is the row `live`. */
async function backedUp(rest: Capture, db: Capture, order: 'db first' | 'rest first') {
  writeFileSync(join(app, 'notes.txt'), 'old notes')
  setRow('checked')
  const checked = await db()
  setRow('raw')
  const raw = await rest()
  setRow('live')
  writeFileSync(join(app, 'notes.txt'), 'new notes')
  const captured = order === 'db first' ? [checked, raw] : [raw, checked]
  const tools = fakeTools({
    site: fakeSite({ stateDir: join(folder, 'state') }),
    shell: () => createHostShell(process.env),
  })
  const disk = tools.world.destinations['disk']!
  const { id } = storeBackup(disk, { items: captured.map((one) => one.item) })
  for (const { sink } of captured)
    for (const object of sink.objects)
      disk.write(`${backupFolder('shop', id)}${object.name}`, sink.bytesOf(object))
  return restoring(restoreActivities(tools), id)
}

const restoring = (activities: ReturnType<typeof restoreActivities>, id: string) => {
  const restoreId = `${id}/1`
  const requestOf = (more: Partial<RestoreRequest>): RestoreRequest => ({
    reference: { backupId: id },
    ...more,
  })
  return {
    effects: async (more: Partial<RestoreRequest> = {}) => {
      const { items } = await runActivity(activities.previewRestore, requestOf(more), restoreId)
      return items.flatMap(({ effects }) => effects)
    },
    restore: async (more: Partial<RestoreRequest> = {}) => {
      const request = requestOf(more)
      const { items } = await runActivity(activities.previewRestore, request, restoreId)
      const sources = items.map(({ source, type }) => ({ source, type }))
      const scope = { plan: 'shop', sources }
      const staged = []
      for (const { source } of sources)
        staged.push(
          await runActivity(activities.stageRestore, {
            ...{ restoreId, backupId: id, destination: 'disk', source, request, scope },
          }),
        )
      return runActivity(activities.swapRestore, staged)
    },
    undo: () => runActivity(activities.undoRestore, restoreId),
  }
}

describe.each(['db first', 'rest first'] as const)(
  'a folder whose archive has the database, too: %s',
  (order) => {
    test('the checked copy of the database is in place, and the rest of the folder', async () => {
      const { restore } = await backedUp(captureRest(), captureDatabase(), order)

      await restore()

      expect([rowIn(database), notes()]).toEqual(['checked', 'old notes'])
    })

    test('an undo brings back the database of before, and the rest of the folder', async () => {
      const { restore, undo } = await backedUp(captureRest(), captureDatabase(), order)
      await restore()

      await undo()

      expect([rowIn(database), notes()]).toEqual(['live', 'new notes'])
    })

    test('the safety copy of the database is the one that was in use', async () => {
      const { restore } = await backedUp(captureRest(), captureDatabase(), order)

      const { safetyCopies } = (await restore()).find(({ source }) => source === 'db')!

      const path = /is (\S+) now/.exec(safetyCopies[0]!)![1]!
      expect(rowIn(path)).toBe('live')
    })
  },
)

test('restored alone, the folder leaves the database that is in use as it is, with its WAL', async () => {
  const { restore } = await backedUp(captureRest(), captureDatabase(), 'db first')
  writeFileSync(`${database}-wal`, 'of the database in use')

  await restore({ sources: ['rest'] })

  expect(readFileSync(`${database}-wal`, 'utf8')).toBe('of the database in use')
  rmSync(`${database}-wal`)
  expect([rowIn(database), notes()]).toEqual(['live', 'old notes'])
})

test('restored alone where no database is, the folder brings what its archive has', async () => {
  const { restore } = await backedUp(captureRest(), captureDatabase(), 'db first')
  rmSync(database)

  await restore({ sources: ['rest'] })

  expect(rowIn(database)).toBe('raw')
})

test('of some files only, those that the database brings itself are not laid over it', async () => {
  const { restore } = await backedUp(captureRest(), captureDatabase(), 'db first')

  await restore({ include: ['app.db', 'notes.txt'] })

  expect([rowIn(database), notes()]).toEqual(['checked', 'old notes'])
})

test('of some files of the folder alone, the file of the database can be asked for', async () => {
  const { restore } = await backedUp(captureRest(), captureDatabase(), 'db first')

  await restore({ sources: ['rest'], include: ['app.db'] })

  expect(rowIn(database)).toBe('raw')
})

test('a database that its source names through a link is in place when the folder around it is restored', async () => {
  symlinkSync('data', join(folder, 'link'))
  const linked = captureDatabase(join(folder, 'link/app/app.db'))
  const { restore } = await backedUp(captureRest(['app.db', 'app.db-*']), linked, 'db first')

  await restore()

  expect([rowIn(database), notes()]).toEqual(['checked', 'old notes'])
})
