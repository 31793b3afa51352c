// `holdfast up` without its command line: `fake-agent.ts <site as JSON> <trace> <behaviour of workers>`.
import type { Site } from '../../../core/site.js'
import { describeAgentEvent } from '../../../worker/agent-events.js'
import { stopRequests } from '../../../worker/signals.js'
import { runAgent } from '../../../worker/up.js'
import { workerArgv } from './site.js'

const [, , site = '', trace = '', behaviour = 'well'] = process.argv
await runAgent(JSON.parse(site) as Site, {
  environment: process.env,
  clock: () => new Date(),
  onEvent: (event) => process.stdout.write(`${describeAgentEvent(event)}\n`),
  signal: stopRequests(),
  workerArgv: workerArgv(trace, behaviour),
  delayMs: () => 50,
  holds: {
    listJournal: async () => ({ entries: [], damaged: [] }),
    connect: () => Promise.reject(new Error('not asked for')),
    start: () => Promise.reject(new Error('not asked for')),
  },
})
