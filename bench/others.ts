// Holdfast beside restic and Borg, each as its user runs it: `npx tsx bench/others.ts [rounds] [MiB]`. Needs `npm run build`, and
// the programs `restic` (0.14 or newer, for compression) and `borg` (1.2 or newer).
import { execa } from 'execa'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../core/units.js'
import type { BackupRunResult } from '../core/work/runs.js'
import { makeWorld } from '../test/e2e/world.js'
import { makeMixedFiles } from './archive-data.js'
import { median, timed } from './figures.js'

const ROUNDS = Number(process.argv[2] ?? 3)
const BYTES = Number(process.argv[3] ?? 512) * 2 ** 20

/** What is on the disk after a step, and how long that took. */
interface Figures {
  readonly firstSeconds: number
  readonly secondSeconds: number
  readonly restoreSeconds: number
  readonly firstBytes: number
  /** After the second backup, of the same files. */
  readonly secondBytes: number
}

/** One tool with a place of its own for backups. All of them compress with zstd, encrypt, and write to the same disk. */
interface Tool {
  readonly name: string
  readonly place: string
  prepare(): Promise<unknown>
  backUp(): Promise<unknown>
  restore(target: string): Promise<unknown>
}

const world = await makeWorld()
const data = world.path('data')
try {
  const bytes = await makeMixedFiles(data, BYTES)
  await startHoldfast()
  const figures = new Map<string, Figures[]>()
  for (let round = 1; round <= ROUNDS; round++) {
    const tools = [holdfast(round), restic(round), borg(round)]
    // Nobody is always the first to find the files in memory.
    const order = tools.map((_, index) => tools[(index + round) % tools.length]).filter((one) => !!one)
    for (const tool of order)
      figures.set(tool.name, [...(figures.get(tool.name) ?? []), await measure(tool, round)])
  }
  print(figures, bytes)
} finally {
  await world.dispose()
}

async function startHoldfast(): Promise<void> {
  await world.configure({
    keys: { main: { type: 'file', path: world.path('main.key') } },
    allow: { paths: [data], restoreTo: [world.folder] },
  })
  for (let round = 1; round <= ROUNDS; round++)
    await world.writePlan({
      plan: `round-${round}`,
      sources: { data: { type: 'files', paths: [data], live: true } },
      encryption: { keys: ['main'] },
    })
  await world.json('key', 'create', 'main')
  await world.up()
}

async function measure(tool: Tool, round: number): Promise<Figures> {
  await tool.prepare()
  const firstSeconds = await timed(() => tool.backUp())
  const firstBytes = await sizeOf(tool.place)
  const secondSeconds = await timed(() => tool.backUp())
  const secondBytes = await sizeOf(tool.place)
  const target = world.path(`restored-${tool.name}-${round}`)
  await mkdir(target)
  const restoreSeconds = await timed(() => tool.restore(target))
  await execa('diff', ['--recursive', '--brief', data, join(target, data)])
  await rm(target, { recursive: true })
  await rm(tool.place, { recursive: true })
  console.error(
    `  round ${round}, ${tool.name}: ${firstSeconds.toFixed(1)} s, ${secondSeconds.toFixed(1)} s, ${restoreSeconds.toFixed(1)} s`,
  )
  return { firstSeconds, secondSeconds, restoreSeconds, firstBytes, secondBytes }
}

function holdfast(round: number): Tool {
  const plan = `round-${round}`
  let newest = ''
  return {
    name: 'Holdfast',
    place: join(world.destination, 'plans', plan),
    prepare: async () => undefined,
    backUp: async () => {
      newest = (await world.json<BackupRunResult>('backup', 'create', plan)).backupId
    },
    restore: (target) => world.json('backup', 'restore', newest, '--to', target, '--yes'),
  }
}

function restic(round: number): Tool {
  const place = world.path(`restic-${round}`)
  const run = (...args: string[]) =>
    execa('restic', ['--repo', place, '--cache-dir', world.path('restic-cache'), '--quiet', ...args], {
      env: { RESTIC_PASSWORD: 'of the bench' },
    })
  return {
    name: 'restic',
    place,
    prepare: () => run('init', '--repository-version', '2'),
    // Its levels have no numbers: `auto` is what its library calls the default, near to level 3.
    backUp: () => run('backup', '--compression', 'auto', data),
    restore: (target) => run('restore', 'latest', '--target', target),
  }
}

function borg(round: number): Tool {
  const place = world.path(`borg-${round}`)
  const run = (args: readonly string[], workingFolder = world.folder) =>
    execa('borg', args, {
      cwd: workingFolder,
      env: { BORG_PASSPHRASE: 'of the bench', BORG_BASE_DIR: world.path('borg-base') },
    })
  let count = 0
  return {
    name: 'Borg',
    place,
    prepare: () => run(['init', '--encryption', 'repokey', place]),
    backUp: () => run(['create', '--compression', 'zstd,3', `${place}::${++count}`, data]),
    restore: (target) => run(['extract', `${place}::${count}`], target),
  }
}

async function sizeOf(folder: string): Promise<number> {
  const { stdout } = await execa('du', ['--summarize', '--bytes', folder])
  return Number.parseInt(stdout, 10)
}

/** As docs/comparison.md has it. */
function print(figures: ReadonlyMap<string, readonly Figures[]>, bytes: number): void {
  console.log(`${formatBytes(bytes)} of mixed files, median of ${ROUNDS}\n`)
  console.log(
    '| | first backup | second, nothing changed | restore | size after the first | after the second |',
  )
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (const [name, rounds] of figures) {
    const middle = (of: keyof Figures) => median(rounds.map((one) => one[of]))
    const seconds = (of: keyof Figures) => `${middle(of).toFixed(1)} s`
    const cells = [
      ...[name, seconds('firstSeconds'), seconds('secondSeconds'), seconds('restoreSeconds')],
      ...[formatBytes(middle('firstBytes')), formatBytes(middle('secondBytes'))],
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
