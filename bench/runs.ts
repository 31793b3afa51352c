// A run from the command to the prompt, and the downtime of a held service: `npx tsx bench/runs.ts [MEGABYTES]`. Needs `npm run build`.
import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackupRunResult } from '../core/work.js'
import { makeWorld } from '../test/e2e/world.js'
import { makeProcessService } from '../test/support/process-service.js'
import { median, report, timed } from './figures.js'

const SMALL_RUNS = 10
const HELD_RUNS = 3
const megabytes = Number(process.argv[2] ?? '1024')

const world = await makeWorld()
const service = await makeProcessService(world.path('web'))
try {
  await service.start()
  await world.configure({ services: { web: service.definition } })
  await makeData()
  await world.writePlan({
    plan: 'small',
    sources: { data: { type: 'files', paths: [world.path('small')], live: true } },
  })
  await world.writePlan({
    plan: 'held',
    hold: { services: ['command:web'], maxDowntime: '10m' },
    sources: { data: { type: 'files', paths: [world.path('large')] } },
    retention: { keepLast: 1 },
  })
  await world.up()
  await smallRuns()
  await heldRuns()
} finally {
  await service.stop()
  await world.dispose()
}

async function makeData(): Promise<void> {
  await mkdir(world.path('small'))
  await writeFile(world.path('small', 'file'), randomBytes(2 ** 20))
  await mkdir(world.path('large'))
  const noise = randomBytes(2 ** 20)
  const text = Buffer.from(randomBytes(2 ** 19).toString('hex'))
  for (let index = 0; index < megabytes; index++) {
    await writeFile(world.path('large', `${index}`), index % 3 === 0 ? noise : text)
  }
}

async function smallRuns(): Promise<void> {
  await run('small')
  const seconds: number[] = []
  for (let index = 0; index < SMALL_RUNS; index++) seconds.push(await timed(() => run('small')))
  report(
    'a run of one 1 MiB file, command to prompt',
    `${median(seconds).toFixed(2)} s, median of ${SMALL_RUNS}`,
    'at most 2.5 s',
  )
}

/** Downtime of the held service, against a shell that stops, runs tar and zstd, and starts; in turn. */
async function heldRuns(): Promise<void> {
  const ours: number[] = []
  const shells: number[] = []
  for (let index = 0; index < HELD_RUNS; index++) {
    const result = await run('held')
    ours.push((result.holds[0]?.downtimeMs ?? Number.NaN) / 1000)
    shells.push(await timed(byShell))
  }
  const ratio = median(ours) / median(shells)
  report(
    `downtime for an archive of ${megabytes} MiB`,
    `${median(ours).toFixed(2)} s; shell ${median(shells).toFixed(2)} s; ${ratio.toFixed(2)}`,
    'at most 1.1 × the capture alone',
  )
}

async function byShell(): Promise<void> {
  await service.stop()
  const target = join(world.folder, 'shell.tar.zst')
  await execa('sh', [
    '-c',
    `tar --posix -C "$1" -cf - . | zstd -q -3 -T0 -f -o "$2"`,
    'sh',
    world.path('large'),
    target,
  ])
  await service.start()
  await rm(target)
}

const run = (plan: string) => world.json<BackupRunResult>('backup', 'create', plan)
