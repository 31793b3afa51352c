import { HoldfastError } from '../core/errors.js'
import { backupFolder } from '../core/ids.js'
import type { CaptureProgress, UploadInput } from '../core/work/capture.js'
import type { DataActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import { putRecorded } from './pipeline/put-recorded.js'
import { requirePrepared } from './require-prepared.js'
import type { Tools } from './tools.js'

/** The second half of a capture whose services are back: from the spool to the destination. */
export const uploadActivities = (tools: Tools): Pick<DataActivities, 'upload' | 'emptySpool'> => ({
  upload: (input) => {
    const totalBytes = input.objects.reduce((total, { storedBytes }) => total + storedBytes, 0)
    let bytes = 0
    const onBytes = (more: number) => void (bytes += more)
    return withHeartbeat(
      (signal) => upload({ tools, input, onBytes, signal }),
      (): CaptureProgress => ({
        source: input.source,
        plainBytes: bytes,
        storedBytes: bytes,
        expectedBytes: totalBytes,
      }),
    )
  },
  emptySpool: ({ plan, backupId }) => tools.spool.discard(backupFolder(plan, backupId)),
})

interface Upload {
  readonly tools: Tools
  readonly input: UploadInput
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal
}

async function upload({ tools, input, onBytes, signal }: Upload): Promise<void> {
  const destination = await tools.destination(input.destination, signal)
  await requirePrepared(destination, input, signal)
  const folder = backupFolder(input.plan, input.backupId)
  for (const object of input.objects) {
    const name = `${folder}${object.name}`
    // Before the question whether it is there: an attempt that was given up may just bring it there and out of the spool.
    const chunks = tools.spool.read(name)
    // By an earlier attempt, which compared its digest: nothing is there under its name before it is complete.
    const found = await destination.stat(name, signal)
    if (found?.bytes === object.storedBytes) onBytes(found.bytes)
    else {
      if (!chunks) throw lost(name, 'is not in the spool any more: the worker that read it has ended')
      await putRecorded(destination, name, { object, chunks, onBytes, damaged: () => changed(name), signal })
    }
    await tools.spool.delete(name)
  }
}

const changed = (name: string) => lost(name, 'has other bytes in the spool than were captured')

const lost = (name: string, what: string): HoldfastError =>
  new HoldfastError('spool.lost', `${name} ${what}.`, {
    hint: 'The set is read again by itself, up to `retry.attempts` of the plan. If that repeats, check the disk of `stateDir`.',
  })
