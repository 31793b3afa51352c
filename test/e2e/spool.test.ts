import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { BackupSummary } from '../../core/backup.js'
import type { RunProgress } from '../../core/messages.js'
import { startFaultyProxy, type FaultyProxy } from '../support/faulty-proxy.js'
import { describeWith } from '../support/needs.js'
import { makeProcessService, type ProcessService } from '../support/process-service.js'
import { makeBucket, s3Endpoint, S3_KEY, S3_SECRET, s3Settings } from '../support/s3.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

const DATA_BYTES = 24 * 2 ** 20
/** Of one connection: preflight and its probes pass, an upload does not. */
const STALL_AFTER_BYTES = 2 ** 20

describeWith(['built', 'temporal', 's3'], 'a held set on its way to a far destination', () => {
  let world: World
  let service: ProcessService
  let proxy: FaultyProxy
  let isStalling = true

  beforeAll(async () => {
    proxy = await startFaultyProxy(Number(new URL(s3Endpoint()).port), () =>
      isStalling ? { what: 'stall', direction: 'up', afterBytes: STALL_AFTER_BYTES } : undefined,
    )
    world = await makeWorld({ environment: { KEY: S3_KEY }, secrets: { SECRET: S3_SECRET } })
    service = await makeProcessService(world.path('web'))
    await service.start()
    const far = s3Settings(await makeBucket(), { endpoint: `http://127.0.0.1:${proxy.port}` })
    await world.configure({
      services: { web: service.definition },
      destinations: { far },
      keys: { main: { type: 'file', path: world.path('main.key') } },
    })
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), randomBytes(DATA_BYTES))
    await world.writePlan({
      plan: 'shop',
      destinations: ['far'],
      hold: { services: ['command:web'], maxDowntime: '1m' },
      sources: { data: { type: 'files', paths: [world.path('data')] } },
      encryption: { keys: ['main'] },
    })
    await world.holdfast('key', 'create', 'main')
    await world.up()
  })

  afterAll(async () => {
    await service?.stop()
    await world?.dispose()
    await proxy?.close()
  })

  const spooledFiles = async () => {
    const found = await readdir(world.path('state', 'spool'), { recursive: true, withFileTypes: true })
    return found.filter((entry) => entry.isFile()).length
  }

  test('its service is back while it uploads; a data worker that is killed then costs one more hold and leaves nothing', async () => {
    const { workflowId } = await world.json<{ workflowId: string }>('backup', 'create', 'shop', '--no-wait')
    const phase = async () =>
      (await world.json<{ now?: { progress?: RunProgress } }>('run', 'show', workflowId)).now?.progress?.phase
    await until('it uploads', async () => (await phase()) === 'uploading')
    expect(await service.isRunning()).toBe(true)
    expect(await world.journal()).toEqual([])
    expect(await spooledFiles()).toBeGreaterThan(0)
    expect(await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')).toEqual([])

    process.kill((await world.children())['data']!, 'SIGKILL')
    isStalling = false

    expect(await world.outcomeOf(workflowId)).toBe('good')
    const backups = await world.json<BackupSummary[]>('backup', 'list', '--plan', 'shop')
    expect(backups).toHaveLength(1)
    expect(await spooledFiles()).toBe(0)
    expect(await service.isRunning()).toBe(true)
    expect((await world.holdfast('backup', 'verify', backups[0]!.id)).code).toBe(0)
    expect((await world.holdfast('backup', 'create', 'shop')).code).toBe(0)
  }, 200_000)
})
