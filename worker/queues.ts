import type { WorkerOptions } from '@temporalio/worker'
import { taskQueues } from '../core/ids.js'

/**
 * `control` is never busy: guards, stops, starts, waiting. `data` does the heavy work, so that a dump which runs out of memory
 * takes no guard with it.
 */
export const ROLES = ['control', 'data', 'orchestrator', 'all'] as const
export type Role = (typeof ROLES)[number]

/** Waiting for a lease or watching a holder costs nothing but a slot. */
const WAIT_SLOTS = 500
const CONTROL_SLOTS = 50
const DATA_SLOTS = 2
/** Copies to far places last for hours: on the queue of the data, another plan would wait for them with its manifest. */
const COPY_SLOTS = 4
/** Services are down for a swap and for an undo: neither waits for the other, nor for what lasts for hours. */
const SWAP_SLOTS = 10
const QUESTION_SLOTS = 10
/** A hundred runs in memory; more are read again from history when they go on. */
const CACHED_WORKFLOWS = 100

/** A stop or a start is never given up for a shutdown: it has a minute to end well. */
const CONTROL_FORCE = '60s'
const DATA_GRACE = '5s'
const DATA_FORCE = '25s'

export interface Queue {
  readonly role: Exclude<Role, 'all'>
  readonly taskQueue: string
  readonly runs: 'workflows' | 'activities' | 'both'
  readonly options: Pick<
    WorkerOptions,
    'maxConcurrentActivityTaskExecutions' | 'shutdownGraceTime' | 'shutdownForceTime' | 'maxCachedWorkflows'
  >
}

/** What a worker of a role serves. The orchestrator's runs are in the control worker too: they are small. */
export function queuesOf(
  role: Role,
  host: string,
  limits: { readonly parallelCaptures: number },
): readonly Queue[] {
  const control = { shutdownGraceTime: 0, shutdownForceTime: CONTROL_FORCE } as const
  const data = { shutdownGraceTime: DATA_GRACE, shutdownForceTime: DATA_FORCE } as const
  const all: readonly Queue[] = [
    queue('control', taskQueues.control(host), 'both', { ...control, ...slots(CONTROL_SLOTS), ...cache }),
    queue('control', taskQueues.wait(host), 'activities', { ...control, ...slots(WAIT_SLOTS) }),
    queue('orchestrator', taskQueues.orchestrator, 'workflows', { ...control, ...cache }),
    queue('data', taskQueues.capture(host), 'activities', { ...data, ...slots(limits.parallelCaptures) }),
    queue('data', taskQueues.data(host), 'activities', { ...data, ...slots(DATA_SLOTS) }),
    queue('data', taskQueues.copies(host), 'activities', { ...data, ...slots(COPY_SLOTS) }),
    queue('data', taskQueues.swap(host), 'activities', { ...data, ...slots(SWAP_SLOTS) }),
    queue('data', taskQueues.questions(host), 'activities', { ...data, ...slots(QUESTION_SLOTS) }),
  ]
  return all.filter(
    (one) => one.role === role || role === 'all' || (role === 'control' && one.role === 'orchestrator'),
  )
}

const queue = (
  role: Queue['role'],
  taskQueue: string,
  runs: Queue['runs'],
  options: Queue['options'],
): Queue => ({
  role,
  taskQueue,
  runs,
  options,
})
const slots = (count: number) => ({ maxConcurrentActivityTaskExecutions: count })
const cache = { maxCachedWorkflows: CACHED_WORKFLOWS }
