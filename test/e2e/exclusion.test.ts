import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { BackupRunResult } from '../../core/work.js'
import type { RunSummary } from '../../operations/runs.js'
import { goOn, hangTar } from '../support/hanging-tar.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type World } from './world.js'

// L5 of docs/guarantees.md. What comes first is made to hang by stopping the process of its tar.

describeWith(['built', 'temporal'], 'a backup and a restore of one plan', () => {
  let world: World
  let hanging: number | undefined
  let backupId: string

  beforeAll(async () => {
    world = await makeWorld()
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'large'), randomBytes(24 * 2 ** 20).toString('hex'))
    await world.writePlan({
      plan: 'shop',
      sources: { data: { type: 'files', paths: [world.path('data')], live: true } },
      compression: { algorithm: 'zstd', level: 9 },
    })
    await world.up()
    backupId = (await world.json<BackupRunResult>('backup', 'create', 'shop')).backupId
  }, 120_000)

  afterEach(() => goOn(hanging))
  afterAll(() => world.dispose())

  test('L5 a restore waits for the backup, and says so', async () => {
    const backup = await world.json<{ workflowId: string }>('backup', 'create', 'shop', '--no-wait')
    await stopTar()
    const restore = world.holdfast('backup', 'restore', backupId, '--yes')

    await waitsFor(`restore/${backupId}/1`, backup.workflowId)
    goOn(hanging)

    expect(await restore).toMatchObject({ code: 0 })
    expect((await runOf(backup.workflowId)).outcome).toBe('good')
  }, 180_000)

  test('L5 a backup waits for the restore, and says so', async () => {
    const restore = world.holdfast('backup', 'restore', backupId, '--yes')
    await stopTar()
    const backup = await world.json<{ workflowId: string }>('backup', 'create', 'shop', '--no-wait')

    await waitsFor(backup.workflowId, `restore/${backupId}/2`)
    expect((await readdir(world.path('data'))).sort()).toEqual(['large'])
    goOn(hanging)

    expect(await restore).toMatchObject({ code: 0 })
    await until('the backup has ended', async () => (await runOf(backup.workflowId)).outcome, 120_000)
    expect((await runOf(backup.workflowId)).outcome).toBe('good')
  }, 180_000)

  async function stopTar(): Promise<void> {
    hanging = await hangTar(world.folder, 60_000)
  }

  const runOf = (workflowId: string) => world.json<RunSummary>('run', 'show', workflowId)

  const waitsFor = (workflowId: string, other: string) =>
    until(
      `${workflowId} says that it waits`,
      async () => (await world.holdfast('run', 'show', workflowId)).stdout.includes(`waiting for ${other}`),
      30_000,
    )
})
