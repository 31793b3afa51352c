import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { copyBackup } from '../../activities/catalog/copy-backup.js'
import type { Destination } from '../../activities/destinations/driver.js'
import { TEMPORARY_FOLDER } from '../../activities/destinations/object-tree.js'
import { RESUMABLE_FROM_BYTES } from '../../activities/destinations/put-known.js'
import { createDestinationKinds } from '../../activities/destinations/registry.js'
import { uploadActivities } from '../../activities/upload.js'
import { backupFolder, manifestName } from '../../core/ids.js'
import { runActivity } from '../fakes/activity.js'
import { item, plainObject, storeBackup } from '../fakes/backups.js'
import { fakeDestination } from '../fakes/destination.js'
import { fakeTools } from '../fakes/tools.js'
import { testSpool } from '../fakes/spool.js'
import type { CopyOrder } from '../support/copy-child.js'
import { destinationWorld } from '../support/destination-world.js'
import { startFaultyProxy, type Fault } from '../support/faulty-proxy.js'
import { describeWith } from '../support/needs.js'
import { startSshd, type SshServer } from '../support/sshd.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { collect, noise, pieces } from './pipeline/bytes.js'

const MIB = 2 ** 20
const OBJECT = 'uploads_20260301_013000.tar'
/** There is time to break it. */
const slow: Fault = { what: 'slow', direction: 'up', bytesPerSecond: 16 * MIB }
const root = join(import.meta.dirname, '../..')
const { signal } = new AbortController()

describeWith(['sshd'], 'a large object on its way to a server', () => {
  const folder = temporaryFolder()
  const bytes = noise(RESUMABLE_FROM_BYTES + 8 * MIB)
  const large = {
    ...plainObject(OBJECT, ''),
    storedBytes: bytes.length,
    storedSha256: createHash('sha256').update(bytes).digest('hex'),
  }
  let server: SshServer
  beforeAll(async () => (server = await startSshd()))
  afterAll(() => server.stop())

  const kinds = () => createDestinationKinds(destinationWorld)
  const newPlace = async () => {
    const settings = server.settings(join(server.folder, destinationWorld.random(8)))
    await kinds().sftp.create('vps', settings, signal)
    return settings
  }
  const leftBytes = (path: string) => {
    const temporary = join(path, TEMPORARY_FOLDER)
    const names = existsSync(temporary) ? readdirSync(temporary) : []
    return names
      .map((name) => statSync(join(temporary, name), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((total, size) => total + size, 0)
  }
  const stored = async (destination: Destination, name: string) =>
    collect((await destination.get(name, { signal })) as AsyncIterable<Buffer>)

  /** A backup with the large object in a folder of this host. */
  async function backupOnDisk(path: string) {
    const disk = kinds().local.open('disk', { type: 'local', path })
    await kinds().local.create('disk', { type: 'local', path }, signal)
    const made = fakeDestination()
    const { plan, id } = storeBackup(made, { items: [item({ objects: [large] })] })
    made.write(`${backupFolder(plan, id)}${OBJECT}`, bytes)
    for (const [name, object] of made.objects)
      await disk.put(name, Readable.from(pieces(object.bytes, MIB)), { signal })
    return { disk, plan, backupId: id }
  }

  it('is copied from where it was when the copying process is killed with SIGKILL', async () => {
    const from = join(folder(), 'disk')
    const { disk, plan, backupId } = await backupOnDisk(from)
    const settings = await newPlace()
    const broken = await startFaultyProxy(server.port, () => slow)
    const order: CopyOrder = { from, to: { ...settings, port: broken.port }, plan, backupId }
    const script = join(root, 'test/support/copy-child.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(order)], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await until('a good part has arrived', () => leftBytes(settings.path) > 24 * MIB)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await broken.close()
    const line = await startFaultyProxy(server.port, () => undefined)
    const to = kinds().sftp.open('vps', { ...settings, port: line.port })
    expect(await to.stat(`${backupFolder(plan, backupId)}${OBJECT}`, signal)).toBeUndefined()
    let told = 0

    await copyBackup({ from: disk, to, onBytes: (more) => (told += more), signal }, { plan, backupId })

    expect(line.bytesUp()).toBeLessThan(bytes.length - 20 * MIB)
    expect(told).toBe(bytes.length)
    expect((await stored(to, `${backupFolder(plan, backupId)}${OBJECT}`)).equals(bytes)).toBe(true)
    expect(await to.stat(manifestName(plan, backupId), signal)).toBeDefined()
    expect(leftBytes(settings.path)).toBe(0)
    await line.close()
  })

  it('goes on from the spool when its line was cut and the upload is tried again', async () => {
    const backup = { backupId: '20261120-013000-shop-7f3a2c', plan: 'shop', destination: 'vps' }
    const name = `${backupFolder(backup.plan, backup.backupId)}${OBJECT}`
    const settings = await newPlace()
    const broken = await startFaultyProxy(server.port, () => slow)
    const line = await startFaultyProxy(server.port, () => undefined)
    let port = broken.port
    const destination = async () => kinds().sftp.open('vps', { ...settings, port })
    const spool = testSpool(folder())
    const tools = fakeTools({ spool, destination })
    const run = `${backupFolder(backup.plan, backup.backupId)}run.json`
    await (await destination()).put(run, Readable.from([Buffer.from('{}')]), { signal })
    await spool.put(name, Readable.from(pieces(bytes, MIB)), { signal })
    const input = { ...backup, source: 'uploads', objects: [large] }
    const upload = () => runActivity(uploadActivities(tools).upload, input)

    const cut = upload()
    await Promise.all([
      expect(cut).rejects.toMatchObject({ code: 'destination.unavailable' }),
      until('a good part has arrived', () => leftBytes(settings.path) > 24 * MIB).then(() =>
        broken.breakOff(),
      ),
    ])
    port = line.port
    await upload()

    expect(line.bytesUp()).toBeLessThan(bytes.length - 20 * MIB)
    expect((await stored(await destination(), name)).equals(bytes)).toBe(true)
    expect(leftBytes(settings.path)).toBe(0)
    for (const proxy of [broken, line]) await proxy.close()
    await spool.close()
  })
})
