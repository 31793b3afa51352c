import ansis from 'ansis'
import { assertNever } from '../../core/assert.js'
import type { HoldProgress, RunProgress, SourceProgress } from '../../core/messages.js'
import { counted, formatBytes, formatDuration } from '../../core/units.js'
import type { CaptureProgress } from '../../core/work/capture.js'
import type { RunView } from '../../operations/follow.js'
import { copyLine } from './copies.js'
import { rateOf, type Samples } from './rate.js'
import { oneLine } from './text.js'

/** A run at one moment, in lines for people: what it does, each source, each service that stands still. */
export function renderProgress(view: RunView, samples: Samples, now: Date): readonly string[] {
  if (view.progress === undefined) return [ansis.dim('waiting for a worker to answer')]
  const { progress } = view
  return [
    `${ansis.bold(progress.backupId)}  ${phaseText(progress)}`,
    ...progress.sources.map((source) => `  ${sourceLine(source, view, samples, now)}`),
    ...progress.holds.map((hold) => `  ${holdLine(hold, now)}`),
    ...(progress.copies ?? []).map(
      (copy) =>
        `  ${copyLine(
          copy,
          view.copies.find(({ destination }) => destination === copy.destination),
        )}`,
    ),
    ...(progress.warnings ?? []).map((warning) => `  ${ansis.yellow('!')} ${oneLine(warning)}`),
    ...view.retries.map((retry) => `  ${ansis.yellow('!')} ${retryText(retry)}`),
  ]
}

export const retryText = ({ activity, attempt, message }: RunView['retries'][number]): string =>
  oneLine(`tried again: ${message} (${activity}, attempt ${attempt})`)

/** What the run does, in words. */
export function phaseText(progress: RunProgress): string {
  switch (progress.phase) {
    case 'starting':
      return 'starting'
    case 'preflight':
      return 'checking tools, space and destinations before anything stops'
    case 'waiting':
      return `waiting for ${(progress.waitingFor ?? ['another run']).map(oneLine).join(', ')}`
    case 'stopping':
      return 'stopping services'
    case 'capturing':
      return 'reading'
    case 'starting-services':
      return 'starting services again'
    case 'uploading':
      return 'uploading what was read'
    case 'publishing':
      return 'checking what was stored and writing the manifest'
    case 'verifying':
      return 'reading back what was stored'
    case 'copying':
      return 'copying to the other destinations, while everything runs'
    case 'retention':
      return 'deleting what has expired'
    case 'looking':
      return 'looking for backups of the old key at all destinations'
    case 'rewrapping':
      return 'wrapping data keys by the new key'
    case 'staging':
      return 'restoring beside the old data and verifying'
    case 'swapping':
      return 'putting the restored data in place'
    case 'undoing':
      return 'putting the old data back in its place'
    case 'done':
      return 'done'
    default:
      return assertNever(progress.phase)
  }
}

function sourceLine(source: SourceProgress, view: RunView, samples: Samples, now: Date): string {
  const name = `${oneLine(source.name)} ${ansis.dim(`(${source.type})`)}`
  const again = source.attempt > 1 ? `, attempt ${source.attempt}` : ''
  switch (source.state) {
    case 'pending':
      return `${ansis.dim('·')} ${name}`
    case 'failed':
      return `${ansis.red('✗')} ${name} failed${again}`
    case 'done':
      return `${ansis.green('✓')} ${name}${sizes(source.plainBytes, source.storedBytes)}`
    case 'running': {
      const capture = view.captures.find((candidate) => candidate.source === source.name)
      return `${ansis.cyan('▸')} ${name}${capture === undefined ? '' : captureText(capture, samples, now)}${again}`
    }
    case 'uploading': {
      const upload = view.captures.find((candidate) => candidate.source === source.name)
      return `${ansis.cyan('▸')} ${name}${upload === undefined ? '' : uploadText(upload, samples, now)}${again}`
    }
    default:
      return assertNever(source.state)
  }
}

const sizes = (plain: number | undefined, stored: number | undefined): string =>
  plain === undefined
    ? ''
    : ` ${formatBytes(plain)}${stored === undefined ? '' : ` → ${formatBytes(stored)}`}`

/** ` 1.2 GiB of 3 GiB → 300 MiB, 45 MiB/s, 40s left`. */
export function captureText(capture: CaptureProgress, samples: Samples, now: Date): string {
  const { plainBytes, storedBytes, expectedBytes, files } = capture
  const rate = rateOf(samples, capture.source, now)
  const isEstimate = expectedBytes !== undefined && expectedBytes > plainBytes
  return [
    ` ${formatBytes(plainBytes)}${isEstimate ? ` of ${formatBytes(expectedBytes)}` : ''} → ${formatBytes(storedBytes)}`,
    ...(files === undefined ? [] : [counted(files, 'file')]),
    ...(rate === undefined ? [] : [`${formatBytes(Math.max(0, Math.round(rate)))}/s`]),
    ...(isEstimate && rate !== undefined && rate > 0
      ? [`${formatDuration(((expectedBytes - plainBytes) / rate) * 1000)} left`]
      : []),
  ].join(', ')
}

/** ` uploaded 1.2 GiB of 3 GiB, 45 MiB/s`. */
export function uploadText(upload: CaptureProgress, samples: Samples, now: Date): string {
  const rate = rateOf(samples, upload.source, now)
  const { storedBytes, expectedBytes = storedBytes } = upload
  return ` uploaded ${formatBytes(storedBytes)} of ${formatBytes(expectedBytes)}${
    rate === undefined ? '' : `, ${formatBytes(Math.max(0, Math.round(rate)))}/s`
  }`
}

/** What became of a service: since when it is down, and until when at most. */
export function holdLine(hold: HoldProgress, now: Date): string {
  const service = oneLine(hold.service)
  switch (hold.state) {
    case 'stopping':
      return `${ansis.yellow('■')} ${service} is stopping`
    case 'held':
      return `${ansis.yellow('■')} ${service} is down${since(hold, now)}${until(hold, now)}`
    case 'starting':
      return `${ansis.yellow('■')} ${service} is starting again${since(hold, now)}`
    case 'back':
      return `${ansis.green('✓')} ${service} is up again${
        hold.downtimeMs === undefined ? '' : `, was down for ${formatDuration(hold.downtimeMs)}`
      }`
    default:
      return assertNever(hold.state)
  }
}

const since = (hold: HoldProgress, now: Date): string =>
  hold.stoppedAt === undefined
    ? ''
    : ` since ${formatDuration(now.getTime() - new Date(hold.stoppedAt).getTime())}`

const until = (hold: HoldProgress, now: Date): string =>
  hold.deadlineAt === undefined
    ? ''
    : `, for at most ${formatDuration(new Date(hold.deadlineAt).getTime() - now.getTime())} more`
