import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { BackupRunResult } from '../../core/work/runs.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'
import { makeWorld, type Finished, type World } from './world.js'

// L5 of docs/guarantees.md. What comes first is made to hang by its tar.

describeWith(['built', 'temporal'], 'a backup and a restore of one plan', () => {
  let world: World
  let backupId: string

  beforeAll(async () => {
    world = await makeWorld()
    await mkdir(world.path('data'))
    await writeFile(world.path('data', 'file'), 'content')
    await world.writePlan({
      plan: 'shop',
      sources: { data: { type: 'files', paths: [world.path('data')], live: true } },
    })
    await world.up()
    backupId = (await world.json<BackupRunResult>('backup', 'create', 'shop')).backupId
  })

  afterEach(() => world.tar.goOn())
  afterAll(() => world.dispose())

  test('L5 a restore waits for the backup, and says so', async () => {
    const backup = await world.startHanging('shop')
    const restore = world.holdfast('backup', 'restore', backupId, '--yes')

    await waitsFor(`restore/${backupId}/1`, backup.workflowId)
    world.tar.goOn()

    expect(await restore).toMatchObject({ code: 0 })
    expect(await world.outcomeOf(backup.workflowId)).toBe('good')
  })

  test('L5 a backup waits for the restore, and says so', async () => {
    let restore: Promise<Finished> | undefined
    await world.tar.hang(async () => {
      restore = world.holdfast('backup', 'restore', backupId, '--yes')
    })
    const backup = await world.json<{ workflowId: string }>('backup', 'create', 'shop', '--no-wait')

    await waitsFor(backup.workflowId, `restore/${backupId}/2`)
    expect((await readdir(world.path('data'))).sort()).toEqual(['file'])
    world.tar.goOn()

    expect(await restore).toMatchObject({ code: 0 })
    expect(await world.outcomeOf(backup.workflowId)).toBe('good')
  })

  const waitsFor = (workflowId: string, other: string) =>
    until(`${workflowId} says that it waits`, async () =>
      (await world.holdfast('run', 'show', workflowId)).stdout.includes(`waiting for ${other}`),
    )
})
