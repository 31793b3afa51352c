// A database into a destination, against pg_dump and zstd: `npx tsx bench/postgres.ts [pairs] [MEGABYTES]`. Both in one run, by turns.
import { execa } from 'execa'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatBytes } from '../core/units.js'
import { startPostgres } from '../test/support/postgres.js'
import { dataEnvironment } from '../worker/data-environment.js'
import { median, report, timed } from './figures.js'
import type { OnceResult } from './postgres-once.js'

const PAIRS = Number(process.argv[2] ?? 5)
const MEGABYTES = Number(process.argv[3] ?? 1024)
const MIB = 2 ** 20
/** What a row of `makeRows` comes to in a dump. */
const ROW_BYTES = 164

const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const server = await startPostgres({ max_wal_size: '4GB', shared_buffers: '256MB', autovacuum: 'off' })
const environment = {
  PGHOST: server.host,
  PGPORT: String(server.port),
  PGUSER: server.superuser,
  PGPASSWORD: server.password,
}
try {
  await makeRows()
  const seconds: { ours: number; theirs: number }[] = []
  let peak = 0
  let last: OnceResult | undefined
  // The first pair warms the caches for both, and is not counted.
  for (let pair = 0; pair <= PAIRS; pair++) {
    const theirs = await pgDumpAndZstd()
    last = await holdfast()
    if (pair === 0) continue
    seconds.push({ ours: last.seconds, theirs })
    peak = Math.max(peak, last.peakBytes)
    console.log(
      `  pair ${pair}: Holdfast ${last.seconds.toFixed(2)} s, pg_dump | zstd ${theirs.toFixed(2)} s`,
    )
  }
  const plainBytes = last?.plainBytes ?? 0
  const perSecond = (of: 'ours' | 'theirs') =>
    `${(plainBytes / MIB / median(seconds.map((pair) => pair[of]))).toFixed(0)} MiB/s`
  const theirBytes = (await stat(join(folder, 'theirs.dump.zst'))).size
  report('size of the dump', formatBytes(plainBytes), 'without compression')
  report(
    'pg_dump -Fc -Z0 | zstd -3 -T0',
    `${perSecond('theirs')}, ${formatBytes(theirBytes)}`,
    'not flushed to disk',
  )
  report(
    'holdfast, with digests and fsync',
    `${perSecond('ours')}, ${formatBytes(last?.storedBytes ?? 0)}`,
    'connecting and describing included',
  )
  const ratio = median(seconds.map(({ ours, theirs }) => theirs / ours))
  report('speed against pg_dump | zstd', `${ratio.toFixed(2)} ×, median of ${PAIRS} pairs`, 'at least 0.95 ×')
  report('peak memory of the process', formatBytes(peak), 'at most 300 MiB')
} finally {
  await server.stop()
  await rm(folder, { recursive: true })
}

/** Orders as a shop has them: numbers, times, names from a small set, and notes that hardly compress. */
async function makeRows(): Promise<void> {
  const rows = Math.ceil((MEGABYTES * MIB) / ROW_BYTES)
  await server.run('CREATE DATABASE orders')
  await server.run(
    `CREATE TABLE orders AS
       SELECT n AS id, (n * 7919::bigint) % 100000 AS customer, timestamptz '2020-01-01' + n * interval '17 s' AS placed_at,
         (ARRAY['new', 'paid', 'packed', 'sent', 'returned'])[1 + n % 5] AS state,
         (n * 31::bigint % 100000) / 100.0 AS total, 'Product ' || n % 500 || ', size ' || n % 7 AS article,
         md5(n::text) || md5((n + 1)::text) AS note
       FROM generate_series(1, ${rows}) n`,
    'orders',
  )
  await server.run('CREATE INDEX ON orders (customer)', 'orders')
  await server.run('CHECKPOINT')
}

async function pgDumpAndZstd(): Promise<number> {
  const command = 'pg_dump -Fc -Z0 -d orders | zstd -q -3 -T0 > "$1"'
  return timed(() =>
    execa('sh', ['-c', command, 'sh', join(folder, 'theirs.dump.zst')], { env: environment }),
  )
}

/** In a process of its own: its memory is measured, and its start is no part of the work. */
async function holdfast(): Promise<OnceResult> {
  const destination = join(folder, 'ours')
  await rm(destination, { recursive: true, force: true })
  await mkdir(destination)
  const program = join(import.meta.dirname, 'postgres-once.ts')
  const connection = [server.host, String(server.port), server.passwordFile]
  const { stdout } = await execa(process.execPath, ['--import', 'tsx', program, destination, ...connection], {
    env: dataEnvironment(process.env),
  })
  return JSON.parse(stdout) as OnceResult
}
