import { NOT_CAPTURED_NAMED, type Item, type NotCaptured } from '../core/backup.js'
import { backupFolder, compactTime, objectPrefix } from '../core/ids.js'
import type { CaptureInput, CaptureProgress } from '../core/work/capture.js'
import type { NotCapturedCause } from '../schemas/plan.js'
import type { DataActivities } from './activities.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import { areStillHeld } from './holds/still-held.js'
import { keysNamed, requireDataKey } from './keys/backup-keys.js'
import { stagesOf } from './pipeline/compress.js'
import { objectSink, type ItemSink } from './pipeline/object-sink.js'
import { requirePrepared } from './require-prepared.js'
import { requireAllowedSource } from './source-allowed.js'
import { makeSourceContext } from './source-context.js'
import type { ReadResult, SourceDriver } from './sources/driver.js'
import { sources } from './sources/registry.js'
import type { SourceType } from '../schemas/sources.js'
import type { Tools } from './tools.js'
import type { SourceDrivers } from './with-driver.js'

/** A cancelled or failed capture must not hang on clearing away what it stored. */
const CLEAN_UP_MS = 60_000

/**
 * Reads one source into the backup's folder at its first destination: source, pipeline and destination, or the spool on the
 * way there, in one pass.
 */
export const captureActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<DataActivities, 'capture'> => ({
  capture: (input) => {
    const progress = startOf(input)
    return withHeartbeat(
      (signal) => capture({ tools, drivers, input, progress, signal }),
      () => ({ ...progress }),
    )
  },
})

/** Its first destination, or the spool on the way there. */
type CapturePlace = Pick<Destination, 'put' | 'delete'>

/** What a heartbeat tells; the stages write to it as bytes pass. */
type Progress = { -readonly [K in keyof CaptureProgress]: CaptureProgress[K] }

interface Capture {
  readonly tools: Tools
  readonly drivers: SourceDrivers
  readonly input: CaptureInput
  readonly progress: Progress
  readonly signal: AbortSignal
}

const startOf = ({ source }: CaptureInput): Progress => ({
  source: source.name,
  plainBytes: 0,
  storedBytes: 0,
})

async function capture(work: Capture): Promise<Item> {
  const { tools, input, signal } = work
  await requireAllowedSource(tools, input.source.source, signal)
  const destination = await tools.destination(input.destination, signal)
  await requirePrepared(destination, input, signal)
  const dataKey = await dataKeyOf(work, destination)
  await forgetLostAttempt(destination, input, signal)
  const place = input.route === 'spool' ? tools.spool : destination
  const sink = sinkOf(work, place, dataKey)
  try {
    const startedAt = tools.clock()
    const wereHeld = await areStillHeld(tools, input.grants, signal)
    const result = await read(work, sink)
    const isConsistent = wereHeld && (await areStillHeld(tools, input.grants, signal))
    return itemOf(work, { objects: sink.objects, result, isConsistent, startedAt })
  } catch (error) {
    await remove(place, input, sink)
    signal.throwIfAborted()
    throw error
  }
}

/** Read back from the destination: what captures are encrypted under is what lies there for those who will need it. */
async function dataKeyOf(
  { tools, input: { encryption, plan, backupId }, signal }: Capture,
  destination: Destination,
): Promise<Buffer | undefined> {
  if (encryption === undefined) return undefined
  const keys = await keysNamed(tools.keys, encryption.keys)
  return requireDataKey({ destination, plan, backupId }, keys, signal)
}

/** An attempt that was killed may have completed objects of the very names that this one will write; nothing refers to them. */
async function forgetLostAttempt(
  destination: Destination,
  input: CaptureInput,
  signal: AbortSignal,
): Promise<void> {
  const folder = backupFolder(input.plan, input.backupId)
  for await (const { name } of destination.list(`${folder}${input.source.name}`, signal)) {
    if (isOfAttempt(name.slice(folder.length), input)) await destination.delete(name, signal)
  }
}

/** Whether an object's name, without its folder, is one that this attempt at this source gives. */
export function isOfAttempt(
  name: string,
  { source, takenAt, attempt }: Pick<CaptureInput, 'source' | 'takenAt' | 'attempt'>,
): boolean {
  const time = `_${compactTime(new Date(takenAt))}`
  const at = name.lastIndexOf(time)
  if (at < 0 || !name.startsWith(source.name)) return false
  // Nothing, or `.part`, between the source and the time: `orders` is not `orders-old`.
  const part = name.slice(source.name.length, at)
  if (part !== '' && !part.startsWith('.')) return false
  const written = /^\.a(\d+)\./.exec(name.slice(at + time.length))?.[1]
  return Number(written ?? 1) === attempt
}

function sinkOf(
  { tools, input, progress, signal }: Capture,
  place: CapturePlace,
  dataKey: Buffer | undefined,
): ItemSink {
  const takenAt = new Date(input.takenAt)
  return objectSink({
    destination: place,
    folder: backupFolder(input.plan, input.backupId),
    prefixOf: (part) =>
      objectPrefix({
        source: input.source.name,
        takenAt,
        attempt: input.attempt,
        ...(part === undefined ? {} : { part }),
      }),
    compression: input.compression,
    ...(dataKey ? { encryption: { backupId: input.backupId, dataKey, random: tools.random } } : {}),
    signal,
    onBytes: ({ plain, stored }) => {
      progress.plainBytes += plain
      progress.storedBytes += stored
    },
  })
}

async function read(
  { tools, drivers, input, progress, signal }: Capture,
  sink: ItemSink,
): Promise<ReadResult> {
  const { name: sourceName, source } = input.source
  const made = await makeSourceContext(tools, {
    sourceName,
    signal,
    // Bytes are counted where they pass, in the sink.
    progress: ({ files, expectedBytes }) => {
      if (files !== undefined) progress.files = files
      if (expectedBytes !== undefined) progress.expectedBytes = expectedBytes
    },
  })
  try {
    // The registry maps each type to its driver; the compiler cannot carry that through a variable.
    return await (drivers[source.type] as SourceDriver<SourceType>).read(source, sink, made.context)
  } finally {
    await made.dispose()
  }
}

async function remove(place: CapturePlace, input: CaptureInput, sink: ItemSink): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS)
  const folder = backupFolder(input.plan, input.backupId)
  for (const { name } of sink.objects) {
    // The failure itself tells more than this one; the next attempt, or the sweep, removes what is left.
    await place.delete(folder + name, signal).catch(() => undefined)
  }
}

function itemOf(
  { tools, input }: Capture,
  captured: {
    objects: ItemSink['objects']
    result: ReadResult
    isConsistent: boolean
    startedAt: Date
  },
): Item {
  const { result } = captured
  return {
    source: input.source.name,
    type: input.source.source.type,
    spec: input.source.source,
    ...(input.hold === undefined ? {} : { hold: input.hold }),
    stages: [...stagesOf(input.compression), ...(input.encryption ? (['encrypt'] as const) : [])],
    objects: captured.objects,
    counts: result.counts,
    notCaptured: result.notCaptured.slice(0, NOT_CAPTURED_NAMED),
    notCapturedCounts: countCauses(result.notCaptured),
    isConsistent: captured.isConsistent,
    startedAt: captured.startedAt.toISOString(),
    completedAt: tools.clock().toISOString(),
    hints: result.hints,
    tools: result.tools,
  }
}

function countCauses(all: readonly NotCaptured[]): Partial<Record<NotCapturedCause, number>> {
  const counts: Partial<Record<NotCapturedCause, number>> = {}
  for (const { cause } of all) counts[cause] = (counts[cause] ?? 0) + 1
  return counts
}
