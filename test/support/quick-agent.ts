// `holdfast up` whose workers have a shorter patience: `quick-agent.ts <holdfast.yaml> <options as JSON>`.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { loadSite } from '../../site/load.js'
import { describeAgentEvent } from '../../worker/agent-events.js'
import { stopRequests } from '../../worker/signals.js'
import { runAgent } from '../../worker/up.js'

const [, , configFile = '', options = '{}'] = process.argv
const site = await loadSite({
  flag: configFile,
  env: process.env,
  cwd: process.cwd(),
  hostname: hostname(),
  uid: process.getuid?.() ?? -1,
  homedir: '/nonexistent',
})
await runAgent(site, {
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
