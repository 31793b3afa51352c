// Files into a destination, against tar and zstd: `npx tsx bench/archive.ts [pairs] [MiB]`. Both in one run, by turns.
import { execa } from 'execa'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatBytes } from '../core/units.js'
import { makeMixedFiles } from './archive-data.js'
import { dataEnvironment } from '../worker/data-environment.js'
import { median, report, timed } from './figures.js'

const PAIRS = Number(process.argv[2] ?? 5)
const MIB = 2 ** 20
const BYTES = Number(process.argv[3] ?? 1024) * MIB

const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
try {
  const data = join(folder, 'data')
  const bytes = await makeMixedFiles(data, BYTES)
  const seconds: { ours: number; theirs: number }[] = []
  let peak = 0
  let stored = 0
  // The first pair warms the page cache for both, and is not counted.
  for (let pair = 0; pair <= PAIRS; pair++) {
    const theirs = await tarAndZstd(data)
    const ours = await holdfast(data)
    if (pair === 0) continue
    seconds.push({ ours: ours.seconds, theirs })
    peak = Math.max(peak, ours.peakBytes)
    stored = ours.storedBytes
    console.log(`  pair ${pair}: Holdfast ${ours.seconds.toFixed(2)} s, tar | zstd ${theirs.toFixed(2)} s`)
  }
  const ratios = seconds.map(({ ours, theirs }) => theirs / ours)
  const perSecond = (of: 'ours' | 'theirs') =>
    `${(bytes / MIB / median(seconds.map((pair) => pair[of]))).toFixed(0)} MiB/s`
  const theirBytes = (await stat(join(folder, 'theirs.tar.zst'))).size
  report(
    'tar --posix | zstd -3 -T0',
    `${perSecond('theirs')}, ${formatBytes(theirBytes)}`,
    'not flushed to disk',
  )
  report('holdfast, with digests, index and fsync', `${perSecond('ours')}, ${formatBytes(stored)}`, '')
  report(
    'speed against tar | zstd',
    `${median(ratios).toFixed(2)} ×, median of ${PAIRS} pairs`,
    'at least 0.95 ×',
  )
  report('peak memory of the process', formatBytes(peak), 'at most 300 MiB')
} finally {
  await rm(folder, { recursive: true })
}

async function tarAndZstd(data: string): Promise<number> {
  const options = "--format=posix --sparse --acls --xattrs --xattrs-include='*' --numeric-owner"
  const command = `tar --create --file=- ${options} -C / "$1" | zstd -q -3 -T0 > "$2"`
  return timed(() => execa('sh', ['-c', command, 'sh', data.slice(1), join(folder, 'theirs.tar.zst')]))
}

/** In a process of its own: its memory is measured, and its start is no part of the work. */
async function holdfast(data: string): Promise<{ seconds: number; peakBytes: number; storedBytes: number }> {
  const destination = join(folder, 'ours')
  await rm(destination, { recursive: true, force: true })
  await mkdir(destination)
  const program = join(import.meta.dirname, 'archive-once.ts')
  const { stdout } = await execa(process.execPath, ['--import', 'tsx', program, data, destination], {
    env: dataEnvironment(process.env),
  })
  return JSON.parse(stdout) as { seconds: number; peakBytes: number; storedBytes: number }
}
