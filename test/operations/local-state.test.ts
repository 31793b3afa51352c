import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLocalState } from '../../operations/local-state.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-state-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), text)
}

const alarm = {
  cause: 'run-failed/shop',
  summary: 's',
  hint: 'h',
  raisedAt: '2026-11-20T01:30:00Z',
  count: 1,
}
const entry = { service: 'command:web', mode: 'stop', lease: 'read', stopRequestedAt: '2026-11-20T01:30:00Z' }

test('a machine that never ran knows of nothing', async () => {
  expect(await readLocalState(join(folder, 'none'))).toEqual({ alarms: [], held: [], problems: [] })
})

test('open alarms and held services are read, oldest alarm first', async () => {
  await write('alarms/b.json', JSON.stringify({ ...alarm, cause: 'later', raisedAt: '2026-11-21T00:00:00Z' }))
  await write('alarms/c.json', JSON.stringify(alarm))
  await write('journal/command%3Aweb.json', JSON.stringify({ ...entry, guard: {}, deadlineAt: 'x' }))

  const { alarms, held, problems } = await readLocalState(folder)

  expect(alarms.map(({ cause }) => cause)).toEqual(['run-failed/shop', 'later'])
  expect(held).toEqual([{ ...entry, deadlineAt: 'x' }])
  expect(problems).toEqual([])
})

test('a file that is damaged is named, and hides no other', async () => {
  await write('alarms/a.json', '{"cause":')
  await write('alarms/b.json', JSON.stringify(alarm))
  await write('journal/c.json', '[]')
  await write('journal/.half-written', 'x')

  const { alarms, problems } = await readLocalState(folder)

  expect(alarms).toHaveLength(1)
  expect(problems).toEqual([
    `${join(folder, 'alarms', 'a.json')} cannot be read: it is damaged.`,
    `${join(folder, 'journal', 'c.json')} is not what Holdfast writes there.`,
  ])
})
