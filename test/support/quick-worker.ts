// `holdfast worker` with a shorter patience: `quick-worker.ts <holdfast.yaml> <role> <options as JSON>`.
import { hostname } from 'node:os'
import { loadSite } from '../../site/load.js'
import type { Role } from '../../worker/queues.js'
import { runWorker, type WorkerRunOptions } from '../../worker/run.js'

export type QuickOptions = Pick<WorkerRunOptions, 'watchdog' | 'bootId'>

const [, , configFile = '', role = '', options = '{}'] = process.argv
const site = await loadSite({
  flag: configFile,
  env: process.env,
  cwd: process.cwd(),
  hostname: hostname(),
  uid: process.getuid?.() ?? -1,
  homedir: '/nonexistent',
})
await runWorker(site, role as Role, JSON.parse(options) as QuickOptions)
