// `holdfast up` whose workers have a shorter patience: `quick-agent.mjs <holdfast.yaml> <QuickOptions as JSON>`.
import { join } from 'node:path'
import { describeAgentEvent } from '../../dist/worker/agent-events.js'
import { stopRequests } from '../../dist/worker/signals.js'
import { runAgent } from '../../dist/worker/up.js'
import { siteOfFile } from './site-of-file.mjs'

const [, , configFile = '', options = '{}'] = process.argv
await runAgent(await siteOfFile(configFile), {
  environment: process.env,
  clock: () => new Date(),
  onEvent: (event) => process.stdout.write(`${describeAgentEvent(event)}\n`),
  signal: stopRequests(),
  delayMs: () => 500,
  workerArgv: (role) => [
    process.execPath,
    ...[join(import.meta.dirname, 'quick-worker.mjs'), configFile, role, options],
  ],
})
