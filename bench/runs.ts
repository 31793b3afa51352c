// A run from the command to the prompt, and the downtime of a held service: `npx tsx bench/runs.ts [MEGABYTES]`. Needs `npm run build`.
import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../core/units.js'
import type { LocatedBackup } from '../core/work/catalog.js'
import type { BackupRunResult } from '../core/work/runs.js'
import { makeMixedFiles } from './archive-data.js'
import { makeWorld } from '../test/e2e/world.js'
import { peakMemory } from '../test/support/peak-memory.js'
import { makeProcessService } from '../test/support/process-service.js'
import { median, report, timed } from './figures.js'

const SMALL_RUNS = 10
const HELD_RUNS = 3
let bytes = Number(process.argv[2] ?? '1024') * 2 ** 20

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
  bytes = await makeMixedFiles(world.path('large'), bytes)
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

/** Downtime of the held service against its capture alone, and against a shell that stops, runs tar and zstd, and starts; by turns. */
async function heldRuns(): Promise<void> {
  const downtimes: number[] = []
  const captures: number[] = []
  const shells: number[] = []
  for (let index = 0; index < HELD_RUNS; index++) {
    const result = await run('held')
    downtimes.push((result.holds[0]?.downtimeMs ?? Number.NaN) / 1000)
    captures.push(await captureSeconds(result.backupId))
    shells.push(await timed(byShell))
  }
  const [downtime, capture, shell] = [downtimes, captures, shells].map(median) as [number, number, number]
  report(
    `downtime for an archive of ${formatBytes(bytes)}`,
    `${downtime.toFixed(2)} s, median of ${HELD_RUNS}`,
    '',
  )
  report('of it, the capture alone', `${capture.toFixed(2)} s`, '')
  report('downtime against the capture', `${(downtime / capture).toFixed(2)} ×`, 'at most 1.1 ×')
  const { data } = await world.children()
  report('peak memory of the data worker', formatBytes(peakMemory(data)), 'at most 300 MiB')
  report('stop; tar | zstd; start by a shell', `${shell.toFixed(2)} s`, 'not flushed to disk')
}

async function captureSeconds(backupId: string): Promise<number> {
  const { manifest } = await world.json<LocatedBackup>('backup', 'show', backupId)
  const [item] = manifest.items
  return item === undefined || !('startedAt' in item)
    ? Number.NaN
    : (Date.parse(item.completedAt) - Date.parse(item.startedAt)) / 1000
}

async function byShell(): Promise<void> {
  await service.stop()
  const target = join(world.folder, 'shell.tar.zst')
  await execa('sh', [
    '-c',
    `tar --format=posix -C "$1" -cf - . | zstd -q -3 -T0 -f -o "$2"`,
    'sh',
    world.path('large'),
    target,
  ])
  await service.start()
  await rm(target)
}

function run(plan: string): Promise<BackupRunResult> {
  return world.json<BackupRunResult>('backup', 'create', plan)
}
