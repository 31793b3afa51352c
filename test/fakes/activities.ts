import { setTimeout as delay } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import type { Activities } from '../../activities/activities.js'
import { withHeartbeat } from '../../activities/heartbeat.js'
import { findKeyRunsActivities } from '../../activities/find-key-runs.js'
import { leaseActivities } from '../../activities/lease.js'
import type { Tools } from '../../activities/tools.js'
import type { BackupSummary, Item, ServiceState } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import { parseBackupId } from '../../core/ids.js'
import { NO_MARKS } from '../../core/marks.js'
import type { CopyReport, ReplicateInput } from '../../core/copies.js'
import { startOrder } from '../../core/hold-order.js'
import type { HoldSpec, ResolvedHold } from '../../core/job.js'
import type { RestoreState, RestoreStatus } from '../../core/restore-end.js'
import type { RetentionDecision } from '../../core/retention.js'
import type { KeyUse, SeenUses, ToldKey } from '../../core/rotation.js'
import type { RewrapInput, RewrapReport } from '../../core/rotation-steps.js'
import type { ChosenBackups, VerifyJob } from '../../core/verification.js'
import type { AlarmInput } from '../../core/work/alarm.js'
import type {
  CaptureInput,
  PreflightInput,
  PreflightResult,
  PublishInput,
  UploadInput,
} from '../../core/work/capture.js'
import type { BackupReference, VerifyInput } from '../../core/work/catalog.js'
import type { LeaseGrant, ObservedService, StartRequest, StopRequest } from '../../core/work/holds.js'
import type { RestorePreview, StageInput, StagedItem } from '../../core/work/restore.js'

/** A service in memory, with its history: what happened to it, in order. */
export interface FakeService {
  state: ServiceState
  startedAt: string
  readonly events: ('stop' | 'start')[]
}

interface Entry {
  readonly stateBefore: ServiceState
  lease: 'read' | 'write'
  readonly stopRequestedAt: string
  restoreId?: string
}

/** The world that fake activities work on. Tests set behaviours and look at what became of it. */
export class FakeHost {
  readonly name: string
  readonly services = new Map<string, FakeService>()
  readonly journal = new Map<string, Entry>()
  readonly alarms = new Map<string, AlarmInput>()
  readonly captures: CaptureInput[] = []
  readonly uploads: UploadInput[] = []
  readonly emptied: string[] = []
  /** By source: what its upload does. Left out: it succeeds at once. */
  readonly onUpload = new Map<string, (input: UploadInput, signal: AbortSignal) => Promise<void>>()
  /** What preflight answers besides holds, by plan. */
  readonly found = new Map<string, Partial<PreflightResult>>()
  readonly published: PublishInput[] = []
  readonly discarded: string[] = []
  readonly expired: string[] = []
  readonly replications: ReplicateInput[] = []
  /** By destination: what copies to it come to. Left out: they succeed at once. */
  readonly onReplicate = new Map<
    string,
    (input: ReplicateInput, signal: AbortSignal) => Promise<Partial<CopyReport>>
  >()
  /** By plan: when its schedule starts it again. */
  readonly nextRuns = new Map<string, string>()
  readonly discardedRestores: string[] = []
  /** By source: what its capture does. Left out: it succeeds at once. */
  readonly onCapture = new Map<
    string,
    (input: CaptureInput, signal: AbortSignal) => Promise<Partial<Item> | void>
  >()
  readonly onStop = new Map<string, (request: StopRequest, signal: AbortSignal) => Promise<void>>()
  readonly onStart = new Map<string, (request: StartRequest) => Promise<void>>()
  readonly previews = new Map<string, RestorePreview>()
  /** What the host has written down of restores, by their ids. */
  readonly restores = new Map<string, Omit<RestoreStatus, 'down'>>()
  onStage: () => Promise<void> = async () => undefined
  onSwap: (signal: AbortSignal, grants: readonly LeaseGrant[]) => Promise<void> = async () => undefined
  /** By plan: the problems that a verification finds. */
  readonly onVerify = new Map<string, (backup: BackupReference) => Promise<readonly string[]>>()
  /** By plan: what a verification reads. Left out: nothing. */
  readonly choices = new Map<string, ChosenBackups>()
  /** Keys that it has, by their names. */
  readonly keys = new Map<string, ToldKey>()
  /** What is wrapped by keys, at the moment of a look. */
  keyUses: readonly KeyUse[] = []
  readonly rewraps: RewrapInput[] = []
  /** By plan: what wrapping anew comes to. Left out: it succeeds at once. */
  readonly onRewrap = new Map<string, (input: RewrapInput, signal: AbortSignal) => Promise<RewrapReport>>()
  onUndo: (signal: AbortSignal) => Promise<void> = async () => undefined
  decisions: readonly RetentionDecision[] = []

  constructor(name = 'nas') {
    this.name = name
  }

  add(service: string, state: ServiceState = 'running'): FakeService {
    const added: FakeService = { state, startedAt: new Date().toISOString(), events: [] }
    this.services.set(service, added)
    return added
  }

  has(service: string): boolean {
    return this.services.has(service)
  }

  find(service: string): FakeService {
    const found = this.services.get(service)
    if (found === undefined) throw new HoldfastError('service.not-found', `There is no ${service}.`)
    return found
  }
}

/** Resolves after the time, or rejects when the activity is cancelled. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch(() => Context.current().cancelled)

/** Hangs until the activity is cancelled. */
export const hang = (_: unknown, signal: AbortSignal): Promise<void> => pause(600_000, signal)

/** What workflows call, on a world in memory; leases, watches and locks are the real ones. */
export const fakeActivities = (
  host: FakeHost,
  tools: Pick<Tools, 'client' | 'clock' | 'site'>,
): Activities => ({
  ...leaseActivities(tools as Tools),
  ...findKeyRunsActivities(tools),
  nextRun: async ({ plan }) => host.nextRuns.get(plan),
  ...controlActivities(host),
  ...questionActivities(host),
  ...dataActivities(host),
})

function observe(host: FakeHost, service: string): ObservedService {
  const { state, startedAt } = host.find(service)
  return { service, state, startedAt }
}

const controlActivities = (host: FakeHost) => ({
  observeService: async (service: string) => observe(host, service),
  observeServices: async (services: readonly string[]) =>
    services.flatMap((service) => (host.has(service) ? [observe(host, service)] : [])),
  stopService: (request: StopRequest) =>
    withHeartbeat(async (signal) => {
      const { service, observed, lease, restoreId, stopRequestedAt } = request
      const entry = host.journal.get(service) ?? { stateBefore: observed.state, lease, stopRequestedAt }
      if (entry.lease === 'write' && (lease === 'read' || (entry.restoreId ?? restoreId) !== restoreId)) {
        throw new HoldfastError('restore.conflict', `A restore has left ${service} down.`)
      }
      entry.lease = lease
      if (restoreId !== undefined) entry.restoreId = restoreId
      host.journal.set(service, entry)
      await host.onStop.get(service)?.(request, signal)
      const found = host.find(service)
      if (found.state === 'running') found.events.push('stop')
      found.state = request.mode === 'pause' ? 'paused' : 'stopped'
      return { stateBefore: entry.stateBefore }
    }),
  startService: (request: StartRequest) =>
    withHeartbeat(async () => {
      const { service, lease } = request
      const entry = host.journal.get(service)
      if (entry?.lease === 'write' && lease === 'read') {
        throw new HoldfastError('restore.conflict', `A restore has left ${service} down.`)
      }
      await host.onStart.get(service)?.(request)
      const found = host.find(service)
      const wasRunning = (entry?.stateBefore ?? found.state) === 'running'
      if (wasRunning && found.state !== 'running') found.events.push('start')
      found.state = entry?.stateBefore ?? found.state
      found.startedAt = new Date().toISOString()
      host.journal.delete(service)
      const downtimeMs = entry === undefined ? 0 : Date.now() - new Date(entry.stopRequestedAt).getTime()
      return { startedAt: found.startedAt, downtimeMs, health: 'ok' as const }
    }),
  raiseAlarm: async (alarm: AlarmInput) => void host.alarms.set(alarm.cause, alarm),
  resolveAlarm: async (cause: string) => void host.alarms.delete(cause),
})

/** As a real preflight says where all services run. */
const withOrder = (hold: HoldSpec): ResolvedHold => ({
  ...hold,
  startAfter: startOrder(hold.services, new Set(hold.services)),
})

const questionActivities = (host: FakeHost) => ({
  preflight: async ({ job }: PreflightInput) => ({
    // Every service is its own canonical reference here.
    holds: job.sets.flatMap(({ hold }) => (hold === undefined ? [] : [withOrder(hold as HoldSpec)])),
    warnings: [],
    ...host.found.get(job.plan),
  }),
  listBackups: async () => ({ backups: [], problems: [] }),
  showBackup: async () => {
    throw new HoldfastError('backup.not-found', 'There is no such backup.')
  },
  previewRestore: async (_: unknown, restoreId: string) => {
    const preview = host.previews.get(restoreId)
    if (preview === undefined)
      throw new HoldfastError('backup.not-found', `There is no backup for ${restoreId}.`)
    return preview
  },
  listRestores: async () => ({
    restores: [...host.restores.keys()].map((restoreId) => statusOf(host, restoreId)),
    problems: [],
  }),
  showRestore: async (restoreId: string) => statusOf(host, restoreId),
  describeRestore: async (restoreId: string) => ({ ...statusOf(host, restoreId), places: [], problems: [] }),
  previewUndo: async (restoreId: string) =>
    statusOf(host, restoreId).items.map(({ source }) => `${source}: brings the old data back`),
  previewRetention: async ({ destination }: { destination: string }) => ({
    destination,
    decisions: host.decisions,
  }),
  chooseBackups: async ({ plan }: VerifyJob) => host.choices.get(plan) ?? { chosen: [], of: 0, problems: [] },
  tryDestination: async ({ destination }: { destination: string }) => ({
    destination,
    host: 'test',
    bytes: 1000,
    writeMs: 10,
    readMs: 10,
    clockDifferenceMs: 0,
  }),
  tellKeys: async (names: readonly string[]) =>
    names.map((name) => host.keys.get(name) ?? { name, problem: `There is no key "${name}".` }),
  findKeyUses: async ({ keyIds }: { keyIds: readonly string[] }): Promise<SeenUses> => ({
    ...{ host: host.name, uses: host.keyUses.filter(({ keyId }) => keyIds.includes(keyId)), problems: [] },
  }),
  findKeptWraps: async () => ({ host: 'nas', kept: [], problems: [] }),
  markBackup: async () => {
    throw new HoldfastError('backup.not-found', 'There is no such backup.')
  },
})

function statusOf(host: FakeHost, restoreId: string): RestoreStatus {
  const restore = host.restores.get(restoreId)
  if (restore === undefined) throw new HoldfastError('restore.not-found', `There is no restore ${restoreId}.`)
  const services = restore.scope.hold?.services ?? []
  return {
    ...restore,
    down: services.filter((service) => host.journal.get(service)?.restoreId === restoreId),
  }
}

const dataActivities = (host: FakeHost) => ({
  prepareBackup: async () => undefined,
  capture: (input: CaptureInput) =>
    withHeartbeat(async (signal): Promise<Item> => {
      host.captures.push(input)
      const changes = await host.onCapture.get(input.source.name)?.(input, signal)
      return { ...itemOf(input), ...changes }
    }),
  upload: (input: UploadInput) =>
    withHeartbeat(async (signal) => {
      host.uploads.push(input)
      await host.onUpload.get(input.source)?.(input, signal)
    }),
  emptySpool: async ({ backupId }: { backupId: string }) => void host.emptied.push(backupId),
  publish: async (input: PublishInput) => {
    host.published.push(input)
    return { summary: summaryOf(input) }
  },
  discardBackup: async ({ backupId }: { backupId: string }) => void host.discarded.push(backupId),
  replicate: (input: ReplicateInput) =>
    withHeartbeat(async (signal): Promise<CopyReport> => {
      host.replications.push(input)
      const { to: destination, backupId } = input
      const changes = await host.onReplicate.get(destination)?.(input, signal)
      const copied = backupId === undefined ? [] : [backupId]
      return { destination, copied, bytes: 1, failed: [], left: 0, ...changes }
    }),
  expire: async ({ backupIds }: { backupIds: readonly string[] }) => {
    host.expired.push(...backupIds)
    return { expired: backupIds, removed: [], freedBytes: 0, swept: [] }
  },
  rewrap: (input: RewrapInput) =>
    withHeartbeat(async (signal): Promise<RewrapReport> => {
      host.rewraps.push(input)
      const report = await host.onRewrap.get(input.plan)?.(input, signal)
      if (report !== undefined) return report
      const isDone = ({ plan, destination }: KeyUse) =>
        plan === input.plan && destination === input.destination
      const rewrapped = host.keyUses.filter(isDone).reduce((sum, { own }) => sum + own, 0)
      host.keyUses = host.keyUses.filter((use) => !isDone(use))
      return { rewrapped, left: 0, problems: [] }
    }),
  verify: async ({ reference }: VerifyInput) => ({
    backupId: reference.backupId,
    destination: 'disk',
    objects: 1,
    bytes: 1,
    problems: (await host.onVerify.get(planOf(reference))?.(reference)) ?? [],
  }),
  rehearse: async ({ backupId }: BackupReference) => ({
    ...{ backupId, destination: 'disk', durationMs: 1 },
    items: [{ source: 'data', type: 'files', outcome: 'restored' as const, counts: { files: 1 } }],
  }),
  stageRestore: async (input: StageInput): Promise<StagedItem> => {
    const { source, restoreId } = input
    await host.onStage()
    const item = { source, type: 'files', restoreId, moves: [] }
    remember(host, input, item)
    return item
  },
  swapRestore: (items: readonly StagedItem[], grants: readonly LeaseGrant[] = []) =>
    withHeartbeat(async (signal) => {
      const restoreId = items[0]?.restoreId ?? ''
      setState(host, restoreId, 'swapping')
      await host.onSwap(signal, grants)
      setState(host, restoreId, 'swapped')
      return items.map(({ source }) => ({ source, safetyCopies: [], restored: [`all of ${source}`] }))
    }),
  undoRestore: (restoreId: string) =>
    withHeartbeat(async (signal) => {
      const { items } = statusOf(host, restoreId)
      setState(host, restoreId, 'undoing')
      await host.onUndo(signal)
      setState(host, restoreId, 'undone')
      return items.map(({ source }) => ({ source, safetyCopies: [], restored: [`${source} is as before`] }))
    }),
  discardRestore: async (items: readonly StagedItem[]) => {
    for (const { restoreId } of items) {
      host.discardedRestores.push(restoreId)
      host.restores.delete(restoreId)
    }
  },
})

const planOf = ({ backupId }: BackupReference): string => parseBackupId(backupId)?.plan ?? ''

function remember({ restores }: FakeHost, input: StageInput, item: StagedItem): void {
  const { restoreId, backupId, destination, request, scope } = input
  const items = [...(restores.get(restoreId)?.items ?? []), item]
  const startedAt = new Date().toISOString()
  restores.set(restoreId, {
    ...{ restoreId, backupId, destination, host: 'nas', startedAt, state: 'staged', scope, request, items },
  })
}

function setState({ restores }: FakeHost, restoreId: string, state: RestoreState): void {
  const restore = restores.get(restoreId)
  if (restore !== undefined) restores.set(restoreId, { ...restore, state })
}

function itemOf({ source, hold }: CaptureInput): Item {
  const now = new Date().toISOString()
  return {
    source: source.name,
    type: source.source.type,
    spec: source.source,
    ...(hold === undefined ? {} : { hold }),
    stages: [],
    objects: [],
    counts: {},
    notCaptured: [],
    notCapturedCounts: {},
    isConsistent: true,
    startedAt: now,
    completedAt: now,
    hints: {},
    tools: {},
  }
}

function summaryOf({
  job,
  backupId,
  takenAt,
  destination,
  items,
  servicesVerdict,
  subsetOf,
}: PublishInput): BackupSummary {
  const isConsistent = items.every((item) => item.isConsistent)
  return {
    id: backupId,
    site: job.site,
    plan: job.plan,
    host: job.host,
    destination,
    takenAt,
    completedAt: takenAt,
    data: isConsistent ? 'complete' : 'inconsistent',
    services: servicesVerdict,
    isSubset: subsetOf !== undefined,
    isSound: isConsistent && subsetOf === undefined,
    isGood: isConsistent && subsetOf === undefined,
    marks: NO_MARKS,
    sources: items.map(({ source, type }) => ({ name: source, type, plainBytes: 0, count: 0 })),
    plainBytes: 0,
    storedBytes: 0,
    downtimeMs: 0,
    notCaptured: 0,
  }
}
