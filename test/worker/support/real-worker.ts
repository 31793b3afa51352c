// `holdfast worker` without its command line: `real-worker.ts <site as JSON> <workflow bundle>`.
import type { Site } from '../../../core/site.js'
import { runWorker } from '../../../worker/run.js'

const [, , site = '', workflowBundle = ''] = process.argv
await runWorker(JSON.parse(site) as Site, 'all', { workflowBundle })
