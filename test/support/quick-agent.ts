// `holdfast up` whose workers have a shorter patience: `quick-agent.ts <holdfast.yaml> <options as JSON>`.
import { join } from 'node:path'
import { describeAgentEvent } from '../../worker/agent-events.js'
import { stopRequests } from '../../worker/signals.js'
import { runAgent } from '../../worker/up.js'
import { siteOfFile } from './site-of-file.js'

const [, , configFile = '', options = '{}'] = process.argv
await runAgent(await siteOfFile(configFile), {
  environment: process.env,
  clock: () => new Date(),
  onEvent: (event) => process.stdout.write(`${describeAgentEvent(event)}\n`),
  signal: stopRequests(),
  delayMs: () => 500,
  workerArgv: (role) => [
    process.execPath,
    ...['--import', 'tsx', join(import.meta.dirname, 'quick-worker.ts'), configFile, role, options],
  ],
})
