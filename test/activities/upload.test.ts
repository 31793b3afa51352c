import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { captureActivities } from '../../activities/capture.js'
import { publishActivities } from '../../activities/publish.js'
import { sources } from '../../activities/sources/registry.js'
import type { SourceDriver } from '../../activities/sources/driver.js'
import { uploadActivities } from '../../activities/upload.js'
import { HoldfastError } from '../../core/errors.js'
import type { CaptureInput, UploadInput } from '../../core/work/capture.js'
import { runActivity } from '../fakes/activity.js'
import type { FakeDestination } from '../fakes/destination.js'
import { fakeSite } from '../fakes/site.js'
import { testSpool } from '../fakes/spool.js'
import { fakeTools, type FakeTools } from '../fakes/tools.js'
import { prose } from './pipeline/bytes.js'

const backup = { backupId: '20261120-013000-shop-7f3a2c', plan: 'shop', destination: 'disk' }
const FOLDER = `plans/shop/${backup.backupId}/`
const input: CaptureInput = {
  ...backup,
  takenAt: '2026-11-20T01:30:00.000Z',
  source: { name: 'orders', source: { type: 'files', paths: ['/srv/orders'] } },
  compression: { algorithm: 'zstd', level: 3 },
  route: 'spool',
  attempt: 1,
  grants: [],
}
const dump = prose(300_000)

let stateDir: string
let tools: FakeTools
let disk: FakeDestination
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'holdfast-upload-'))
  tools = fakeTools({ site: fakeSite({ stateDir }) })
  disk = tools.world.destinations['disk'] as FakeDestination
  disk.write(`${FOLDER}run.json`, '{}')
})
afterEach(() => rm(stateDir, { recursive: true }))

const read: SourceDriver<'files'>['read'] = async (_source, sink) => {
  await sink.store({ kind: 'dump', part: 'one' }, Readable.from([dump]))
  await sink.store({ kind: 'dump', part: 'two' }, Readable.from([dump.subarray(0, 1000)]))
  return { counts: {}, notCaptured: [], hints: {}, tools: {} }
}
const drivers = (changes: Partial<SourceDriver<'files'>> = { read }) => ({
  ...sources,
  files: { ...sources.files, ...changes },
})
async function spooled(): Promise<UploadInput> {
  const { objects } = await runActivity(captureActivities(tools, drivers()).capture, input)
  return { ...backup, source: 'orders', objects }
}
const upload = (what: UploadInput) => runActivity(uploadActivities(tools).upload, what)
const spoolFiles = async () => {
  const entries = await readdir(join(stateDir, 'spool'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
const putsOf = () => disk.calls.filter((call) => call.startsWith('put'))

test('what was captured into the spool comes to the destination byte for byte, and leaves the spool', async () => {
  const what = await spooled()
  expect(putsOf()).toEqual([])

  await upload(what)

  const direct = fakeTools({ site: fakeSite({ stateDir }) })
  const other = direct.world.destinations['disk'] as FakeDestination
  other.write(`${FOLDER}run.json`, '{}')
  const { route: _, ...straight } = input
  await runActivity(captureActivities(direct, drivers()).capture, straight)
  for (const { name } of what.objects)
    expect(disk.objects.get(FOLDER + name)?.bytes.equals(other.objects.get(FOLDER + name)!.bytes)).toBe(true)
  expect(await spoolFiles()).toEqual([])
})

test('a second attempt goes on where the first one failed', async () => {
  const what = await spooled()
  const [one = '', two = ''] = what.objects.map(({ name }) => `put ${FOLDER}${name}`)
  disk.failOn = (call) => (call === two ? new HoldfastError('destination.unavailable', 'away') : undefined)
  await expect(upload(what)).rejects.toMatchObject({ code: 'destination.unavailable' })
  delete disk.failOn

  await upload(what)

  expect(putsOf()).toEqual([one, two, two])
})

test('an upload whose answer was lost may run again', async () => {
  const what = await spooled()
  await upload(what)

  await upload(what)

  expect(putsOf()).toHaveLength(2)
})

test('a worker that did not capture has nothing to upload', async () => {
  const what = await spooled()
  tools = { ...tools, spool: testSpool(stateDir) }

  await expect(upload(what)).rejects.toMatchObject({ code: 'spool.lost' })
})

test('bytes that changed in the spool never appear at the destination', async () => {
  const what = await spooled()
  for (const file of await spoolFiles()) {
    const bytes = await readFile(file)
    bytes[7]! ^= 1
    await writeFile(file, bytes)
  }

  await expect(upload(what)).rejects.toMatchObject({ code: 'spool.lost' })
  expect([...disk.objects.keys()]).toEqual([`${FOLDER}run.json`])
})

test('nothing is uploaded into a backup that was discarded', async () => {
  const what = await spooled()
  await runActivity(publishActivities(tools).discardBackup, { ...backup, site: 'home' })

  await expect(upload(what)).rejects.toMatchObject({ code: 'backup.not-found' })
  expect(await spoolFiles()).toEqual([])
})

test('a capture that fails takes what it has spooled along', async () => {
  const breaks: SourceDriver<'files'>['read'] = async (source, sink, context) => {
    await read(source, sink, context)
    throw new HoldfastError('source.failed', 'The dump was cut off.')
  }

  const { capture } = captureActivities(tools, drivers({ read: breaks }))

  await expect(runActivity(capture, input)).rejects.toMatchObject({ code: 'source.failed' })
  expect(await spoolFiles()).toEqual([])
})

test('a full spool is said, and nothing of the item is kept', async () => {
  tools = { ...tools, spool: testSpool(stateDir, { limitBytes: 100 }) }

  await expect(runActivity(captureActivities(tools, drivers()).capture, input)).rejects.toMatchObject({
    code: 'spool.full',
  })
  expect(await spoolFiles()).toEqual([])
})

test('the next run of a plan takes away what a terminated one has left', async () => {
  await spooled()

  const next = { ...backup, backupId: '20261121-013000-shop-abcdef', site: 'home' }
  const run = { workflowId: 'backup/shop/2', runId: '2' }
  await runActivity(publishActivities(tools).prepareBackup, { ...next, run })

  expect(await spoolFiles()).toEqual([])
})

test('what a lost attempt has left is forgotten', async () => {
  await spooled()

  await uploadActivities(tools).emptySpool(backup)

  expect(await spoolFiles()).toEqual([])
})
