import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readUnitsOfFiles } from '../../../activities/services/systemd-ours.js'
import { findSqliteFiles } from '../../../worker/init/sqlite-files.js'
import { writeNewFiles } from '../../../worker/init/write-files.js'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'holdfast-init-'))))
afterEach(() => rm(folder, { recursive: true }))

const files = [
  { path: 'holdfast.yaml', text: 'version: 1\n' },
  { path: 'plans/shop.yaml', text: 'plan: shop\n' },
]

test('new files are for their owner alone', async () => {
  await writeNewFiles(folder, files)

  expect(await readFile(join(folder, 'plans', 'shop.yaml'), 'utf8')).toBe('plan: shop\n')
  expect((await stat(join(folder, 'holdfast.yaml'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'plans'))).mode & 0o777).toBe(0o700)
})

test('one file that exists keeps all from being written, and is named', async () => {
  await mkdir(join(folder, 'plans'))
  await writeFile(join(folder, 'plans', 'shop.yaml'), 'mine')

  await expect(writeNewFiles(folder, files)).rejects.toMatchObject({
    code: 'config.exists',
    details: { existing: ['plans/shop.yaml'] },
  })
  await expect(stat(join(folder, 'holdfast.yaml'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readFile(join(folder, 'plans', 'shop.yaml'), 'utf8')).toBe('mine')
})

test('a folder that is none is an expected failure', async () => {
  await writeFile(join(folder, 'plans'), 'a file')

  await expect(writeNewFiles(folder, files)).rejects.toMatchObject({ code: 'config.not-written' })
})

test('SQLite files are known by their first bytes, also in folders below, never through links', async () => {
  await mkdir(join(folder, 'a', 'b'), { recursive: true })
  await writeFile(join(folder, 'a', 'b', 'real.db'), 'SQLite format 3\0 and more')
  await writeFile(join(folder, 'a', 'other.db'), 'not SQLite at all')
  await writeFile(join(folder, 'a', 'short.sqlite'), 'SQL')
  await symlink(join(folder, 'a'), join(folder, 'linked'))

  expect(await findSqliteFiles(folder)).toEqual({
    paths: [join(folder, 'a', 'b', 'real.db')],
    isUnfinished: false,
  })
})

test('the unit that uses a file is the innermost one of a process that has it open', async () => {
  const proc = join(folder, 'proc')
  await mkdir(join(proc, '17', 'fd'), { recursive: true })
  await symlink('/srv/a.db', join(proc, '17', 'fd', '3'))
  await writeFile(join(proc, '17', 'cgroup'), '0::/user.slice/user@0.service/app.slice/web.service\n')
  await mkdir(join(proc, '18', 'fd'), { recursive: true })
  await chmod(join(proc, '18', 'fd'), 0o000)

  const units = await readUnitsOfFiles(new Set(['/srv/a.db', '/srv/b.db']), proc)

  expect([...units]).toEqual([['/srv/a.db', 'web.service']])
})
