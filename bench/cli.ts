// How fast the CLI answers: `npx tsx bench/cli.ts`. Needs `npm run build`.
import { execa } from 'execa'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { median, report, timed } from './figures.js'

const RUNS = 7
const PLANS = 100
const program = join(import.meta.dirname, '..', 'bin', 'run.js')
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))

await mkdir(join(folder, 'plans'), { mode: 0o700 })
await writeFile(
  join(folder, 'holdfast.yaml'),
  stringify({
    version: 1,
    stateDir: join(folder, 'state'),
    destinations: { disk: { type: 'local', path: join(folder, 'backups') } },
  }),
  { mode: 0o600 },
)
for (let number = 1; number <= PLANS; number++) {
  const plan = {
    version: 1,
    plan: `plan-${number}`,
    schedule: { cron: `${number % 60} 4 * * *`, timezone: 'Europe/Berlin' },
    hold: { services: [`docker:web-${number}`], maxDowntime: '2m' },
    sources: {
      orders: {
        type: 'postgres',
        in: `docker:db-${number}`,
        database: 'orders',
        password: { env: 'PASSWORD' },
      },
      uploads: { type: 'volume', volume: `uploads-${number}` },
      settings: { type: 'files', paths: ['/etc/hosts'], live: true },
    },
    destinations: ['disk'],
    retention: { keepLast: 7, keepDaily: 14 },
  }
  await writeFile(join(folder, 'plans', `plan-${number}.yaml`), stringify(plan), { mode: 0o600 })
}

const medianOf = async (...args: string[]): Promise<string> => {
  const seconds: number[] = []
  for (let run = 0; run <= RUNS; run++)
    seconds.push(await timed(() => execa(process.execPath, [program, ...args], { cwd: folder })))
  return `${median(seconds.slice(1)).toFixed(2)} s, median of ${RUNS}`
}
report('node -e 0', await bare(), 'what Node itself takes')
report('holdfast --help', await medianOf('--help'), 'at most 0.3 s')
report(`holdfast plan validate, ${PLANS} plans`, await medianOf('plan', 'validate'), 'at most 1 s')
await rm(folder, { recursive: true })

async function bare(): Promise<string> {
  const seconds: number[] = []
  for (let run = 0; run < RUNS; run++) seconds.push(await timed(() => execa(process.execPath, ['-e', '0'])))
  return `${median(seconds).toFixed(2)} s, median of ${RUNS}`
}
