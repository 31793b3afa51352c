import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow'
import type {
  ControlActivities,
  DataActivities,
  QuestionActivities,
  WaitActivities,
} from '../activities/activities.js'
import { taskQueues } from '../core/ids.js'

const { WAIT_CANCELLATION_COMPLETED: WAIT, TRY_CANCEL } = ActivityCancellationType

/** A stop and a start may take this long beyond what the service itself is given. */
const STOP_MS = 5 * 60_000
const START_MS = 3 * 60_000

/**
 * Every activity's limits and retries, in one place. Expected failures say by their kind whether they are tried again;
 * what is said here is how often and how fast. A class without `scheduleToStart` is one whose worker is ours to wait for.
 */
const classes = {
  acquire: {
    startToCloseTimeout: '30m',
    heartbeatTimeout: '15s',
    scheduleToStartTimeout: '10m',
    retry: { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '10s' },
    cancellationType: WAIT,
  },
  stop: {
    heartbeatTimeout: '15s',
    retry: {
      initialInterval: '2s',
      maximumInterval: '30s',
      maximumAttempts: 5,
      // A restore owns the service: five tries later it still does.
      nonRetryableErrorTypes: ['restore.conflict', 'lease.busy'],
    },
    cancellationType: WAIT,
  },
  start: {
    heartbeatTimeout: '15s',
    // Without end: a service that we stopped is started, however long that takes.
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      nonRetryableErrorTypes: ['restore.conflict'],
    },
    cancellationType: WAIT,
  },
  observe: {
    startToCloseTimeout: '5m',
    heartbeatTimeout: '15s',
    scheduleToStartTimeout: '10m',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 10 },
    cancellationType: WAIT,
  },
  preflight: {
    startToCloseTimeout: '10m',
    heartbeatTimeout: '30s',
    scheduleToStartTimeout: '10m',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 3 },
    cancellationType: WAIT,
  },
  watch: {
    startToCloseTimeout: '30d',
    heartbeatTimeout: '20s',
    retry: { initialInterval: '2s', backoffCoefficient: 1, maximumInterval: '2s' },
    cancellationType: TRY_CANCEL,
  },
  captureHeld: {
    // A lost worker is found soon: services are down meanwhile. It heartbeats every 3 seconds.
    heartbeatTimeout: '15s',
    scheduleToStartTimeout: '2m',
    // The run repeats the whole set, under a new hold.
    retry: { maximumAttempts: 1 },
    cancellationType: WAIT,
  },
  captureLive: {
    heartbeatTimeout: '60s',
    scheduleToStartTimeout: '30m',
    retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '5m', maximumAttempts: 5 },
    cancellationType: WAIT,
  },
  upload: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '30s',
    scheduleToStartTimeout: '1h',
    // The services are back and the bytes are here: it can wait some two hours for a destination that is away.
    retry: {
      initialInterval: '5s',
      backoffCoefficient: 2,
      maximumInterval: '10m',
      maximumAttempts: 20,
      // Another attempt finds as little; the set is read again.
      nonRetryableErrorTypes: ['spool.lost'],
    },
    cancellationType: WAIT,
  },
  replicate: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '60s',
    scheduleToStartTimeout: '1h',
    // As often as its time allows: how much that is, each call says.
    retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m' },
    cancellationType: WAIT,
  },
  restoreFiles: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '60s',
    scheduleToStartTimeout: '30m',
    retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '5m', maximumAttempts: 5 },
    cancellationType: WAIT,
  },
  restoreOnce: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '20s',
    scheduleToStartTimeout: '1h',
    retry: { maximumAttempts: 1 },
    cancellationType: WAIT,
  },
  swap: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '20s',
    // Nothing else is on its queue: only a worker that is not there takes long, and services are down meanwhile.
    scheduleToStartTimeout: '10m',
    // Whether half of it was done is not ours to guess.
    retry: { maximumAttempts: 1 },
    cancellationType: WAIT,
  },
  /** Its services are down meanwhile, so it is tried again soon; what somebody else has put in place needs a person. */
  undo: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '60s',
    scheduleToStartTimeout: '1h',
    retry: {
      initialInterval: '2s',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      maximumAttempts: 5,
      nonRetryableErrorTypes: ['restore.conflict'],
    },
    cancellationType: WAIT,
  },
  maintain: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '60s',
    scheduleToStartTimeout: '1h',
    retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m', maximumAttempts: 10 },
    cancellationType: WAIT,
  },
  question: {
    startToCloseTimeout: '30s',
    scheduleToStartTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
    cancellationType: TRY_CANCEL,
  },
  notice: {
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 10 },
    cancellationType: TRY_CANCEL,
  },
} as const satisfies Record<string, ActivityOptions>

/** On a queue where nothing else waits: a stop or a start never waits for a slot. */
export function controlActivities(
  host: string,
  { stopTimeoutMs, healthyWithinMs }: { stopTimeoutMs: number; healthyWithinMs: number } = {
    stopTimeoutMs: 0,
    healthyWithinMs: 0,
  },
) {
  const taskQueue = taskQueues.control(host)
  const of = (options: ActivityOptions) => proxyActivities<ControlActivities>({ ...options, taskQueue })
  return {
    observeService: of(classes.observe).observeService,
    observeServices: of(classes.observe).observeServices,
    stopService: of({ ...classes.stop, startToCloseTimeout: STOP_MS + stopTimeoutMs }).stopService,
    // A start first finishes our stop.
    startService: of({ ...classes.start, startToCloseTimeout: START_MS + stopTimeoutMs + healthyWithinMs })
      .startService,
  }
}

/** A run does not wait for ever for a worker to write down its end; a guard shares that worker, and waits for it anyway. */
const RUN_NOTICE_LIMIT = '2m'

export function alarmActivities(host: string, from: 'guard' | 'run') {
  return proxyActivities<Pick<ControlActivities, 'raiseAlarm' | 'resolveAlarm'>>({
    ...classes.notice,
    ...(from === 'run' ? { scheduleToCloseTimeout: RUN_NOTICE_LIMIT } : {}),
    taskQueue: taskQueues.control(host),
  })
}

export function waitActivities(host: string) {
  const taskQueue = taskQueues.wait(host)
  const of = (options: ActivityOptions) => proxyActivities<WaitActivities>({ ...options, taskQueue })
  return {
    acquireLease: of(classes.acquire).acquireLease,
    watchHolder: of(classes.watch).watchHolder,
    requestLock: of({ ...classes.observe, startToCloseTimeout: '1m' }).requestLock,
    nextRun: of({ ...classes.observe, startToCloseTimeout: '1m' }).nextRun,
    findKeyRuns: of(classes.observe).findKeyRuns,
  }
}

/** `question`: a person waits for the answer; without a worker they are told at once. `step`: a run can wait. */
export function questionActivities(host: string, patience: 'question' | 'step') {
  const taskQueue = taskQueues.questions(host)
  const of = (options: ActivityOptions) => proxyActivities<QuestionActivities>({ ...options, taskQueue })
  const usual = of(patience === 'question' ? classes.question : classes.preflight)
  const { scheduleToStartTimeout } = patience === 'question' ? classes.question : classes.preflight
  const patient = of({ ...classes.preflight, scheduleToStartTimeout })
  return {
    preflight: patient.preflight,
    listBackups: usual.listBackups,
    showBackup: usual.showBackup,
    previewRestore: usual.previewRestore,
    listRestores: usual.listRestores,
    showRestore: usual.showRestore,
    describeRestore: usual.describeRestore,
    previewUndo: usual.previewUndo,
    previewRetention: usual.previewRetention,
    chooseBackups: usual.chooseBackups,
    // Slow stores need their time, and a person wants to know how it went now, not the third time.
    tryDestination: of({
      ...classes.preflight,
      scheduleToStartTimeout: classes.question.scheduleToStartTimeout,
      retry: { maximumAttempts: 1 },
    }).tryDestination,
    tellKeys: usual.tellKeys,
    // Every name at every destination is looked at.
    findKeyUses: patient.findKeyUses,
    findKeptWraps: patient.findKeptWraps,
    markBackup: usual.markBackup,
  }
}

/** Captures under a hold, on a queue with a slot for every capture place; what is live waits in line with the rest. */
export function captureActivity(host: string, kind: 'held' | 'live', timeoutMs: number) {
  const startToCloseTimeout = timeoutMs
  return kind === 'held'
    ? proxyActivities<DataActivities>({
        ...classes.captureHeld,
        startToCloseTimeout,
        taskQueue: taskQueues.capture(host),
      }).capture
    : proxyActivities<DataActivities>({
        ...classes.captureLive,
        startToCloseTimeout,
        taskQueue: taskQueues.data(host),
      }).capture
}

/** On the queue of the captures: a run that uploads still has its capture place, and so a slot there. */
export function uploadActivity(host: string) {
  return proxyActivities<DataActivities>({ ...classes.upload, taskQueue: taskQueues.capture(host) }).upload
}

/** On a queue of its own: copies last for hours, and nothing else is to wait for them. */
export function replicateActivity(host: string, limitMs: number) {
  return proxyActivities<DataActivities>({
    ...classes.replicate,
    scheduleToCloseTimeout: limitMs,
    taskQueue: taskQueues.copies(host),
  }).replicate
}

export function dataActivities(host: string) {
  const taskQueue = taskQueues.data(host)
  const of = (options: ActivityOptions) => proxyActivities<DataActivities>({ ...options, taskQueue })
  return {
    prepareBackup: of(classes.observe).prepareBackup,
    publish: of(classes.observe).publish,
    discardBackup: of(classes.observe).discardBackup,
    emptySpool: of(classes.observe).emptySpool,
    expire: of(classes.maintain).expire,
    rewrap: of(classes.maintain).rewrap,
    verify: of(classes.maintain).verify,
    rehearse: of(classes.maintain).rehearse,
    stageFiles: of(classes.restoreFiles).stageRestore,
    stageDatabase: of(classes.restoreOnce).stageRestore,
    discardRestore: of(classes.observe).discardRestore,
  }
}

/** What a restore does while its services stand still, on a queue of its own: a capture or a verification lasts for hours. */
export function swapActivities(host: string) {
  const taskQueue = taskQueues.swap(host)
  const of = (options: ActivityOptions) => proxyActivities<DataActivities>({ ...options, taskQueue })
  return {
    swapRestore: of(classes.swap).swapRestore,
    undoRestore: of(classes.undo).undoRestore,
  }
}
