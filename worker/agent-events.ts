import { formatDuration } from '../core/units.js'

/** What happens to the agent, for whoever watches it. */
export type AgentEvent =
  | { readonly type: 'progress'; readonly message: string }
  | { readonly type: 'orphan-ended'; readonly name: string; readonly pid: number }
  | {
      readonly type: 'temporal-ready'
      readonly address: string
      readonly uiAddress?: string
      readonly wasAdopted: boolean
    }
  | { readonly type: 'temporal-external'; readonly address: string; readonly namespace: string }
  | { readonly type: 'worker-started'; readonly name: string; readonly pid: number }
  | { readonly type: 'worker-ready'; readonly name: string; readonly pid: number }
  | { readonly type: 'ready'; readonly pid: number }
  | { readonly type: 'ended'; readonly name: string; readonly reason: string; readonly restartInMs: number }
  | { readonly type: 'not-recorded'; readonly reason: string }
  | { readonly type: 'stopping' }
  | { readonly type: 'releasing'; readonly services: readonly string[] }
  | {
      readonly type: 'still-held'
      readonly services: readonly string[]
      /** Why a start has failed; a restore that holds a service is none. */
      readonly reasons: readonly string[]
    }
  | { readonly type: 'journal-unreadable'; readonly reason: string }
  | { readonly type: 'stopped'; readonly name: string }

/** One line for a person. */
export function describeAgentEvent(event: AgentEvent): string {
  switch (event.type) {
    case 'progress':
      return event.message
    case 'orphan-ended':
      return `Ended ${event.name} (pid ${event.pid}), which an agent that was killed had left.`
    case 'temporal-ready': {
      const page = event.uiAddress === undefined ? '' : `, its web page at ${event.uiAddress}`
      return `Temporal ${event.wasAdopted ? 'still runs' : 'is ready'} at ${event.address}${page}.`
    }
    case 'temporal-external':
      return `Temporal is the server at ${event.address}, namespace ${event.namespace}.`
    case 'worker-started':
      return `Worker ${event.name} starts (pid ${event.pid}).`
    case 'worker-ready':
      return `Worker ${event.name} is ready.`
    case 'ready':
      return `Ready (pid ${event.pid}).`
    case 'ended':
      return `${event.name} ended: ${event.reason}. Starts again in ${formatDuration(event.restartInMs)}.`
    case 'not-recorded':
      return `What runs here cannot be written down, and is tried again: ${event.reason}. Until then \`holdfast status\` shows what was before.`
    case 'stopping':
      return 'Stopping.'
    case 'releasing':
      return `Services are held still (${event.services.join(', ')}): cancelling the runs that hold them, so that they come back.`
    case 'still-held':
      return [
        `STILL HELD: ${event.services.join(', ')}.`,
        ...event.reasons,
        'Start them yourself, or run `holdfast up`, which brings them back; what a restore holds ends with `holdfast restore resume` or `undo`.',
      ].join(' ')
    case 'journal-unreadable':
      return `What is held still cannot be told: ${event.reason}`
    case 'stopped':
      return `Stopped ${event.name}.`
  }
}
