// `holdfast worker` with a shorter patience: `quick-worker.mjs <holdfast.yaml> <role> <QuickOptions as JSON>`.
import { runWorker } from '../../dist/worker/run.js'
import { siteOfFile } from './site-of-file.mjs'

const [, , configFile = '', role = '', options = '{}'] = process.argv
await runWorker(await siteOfFile(configFile), role, JSON.parse(options))
