import { createJournal } from '../../activities/journal/files.js'

/** Opens, changes and closes one entry for ever, under its lock, as fast as it can: to be killed anywhere. Prints its rounds. */
const [stateDir = '', service = ''] = process.argv.slice(2)
const journal = createJournal({ stateDir, bootId: 'boot' })
const { signal } = new AbortController()
// Nobody listens any more: the test is over.
process.stdout.on('error', () => process.exit())

for (let round = 0; ; round++) {
  await journal.withLock(service, signal, async () => {
    const entry = await journal.open({
      service,
      stateBefore: 'running',
      mode: 'stop',
      lease: 'read',
      stopRequestedAt: '2026-03-05T12:00:00.000Z',
      stopTimeoutMs: 1000,
      guard: { workflowId: 'guard', runId: `round-${round}-${'x'.repeat(5000)}` },
    })
    await journal.update({ ...entry, stopProcess: { pid: round, startTime: '1' } })
    process.stdout.write(`${round}\n`)
    await journal.close(service)
  })
}
