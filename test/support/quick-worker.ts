// `holdfast worker` with a shorter patience: `quick-worker.ts <holdfast.yaml> <role> <options as JSON>`.
import type { Role } from '../../worker/queues.js'
import { runWorker, type WorkerRunOptions } from '../../worker/run.js'
import { siteOfFile } from './site-of-file.js'

export type QuickOptions = Pick<WorkerRunOptions, 'watchdog' | 'bootId'>

const [, , configFile = '', role = '', options = '{}'] = process.argv
await runWorker(await siteOfFile(configFile), role as Role, JSON.parse(options) as QuickOptions)
