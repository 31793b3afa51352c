import type { BackupJob, BackupRunInput, HoldSpec } from '../../core/job.js'
import { TEST_HOST } from './test-agent.js'

export const testHold = (changes: Partial<HoldSpec> = {}): HoldSpec => ({
  services: ['command:web'],
  mode: 'stop',
  maxDowntimeMs: 60_000,
  stopTimeoutMs: 1000,
  onInconsistent: 'keep',
  healthyWithinMs: 1000,
  ...changes,
})

/** A plan that reads `<plan>-live` as it is, and `<plan>-data` under the hold, where there is one. */
export function testJob(plan: string, hold?: HoldSpec, changes: Partial<BackupJob> = {}): BackupJob {
  const source = { type: 'files' as const, paths: ['/data'] }
  return {
    jobVersion: 1,
    site: 'home',
    host: TEST_HOST,
    plan,
    planText: '',
    planSha256: '',
    sets: [
      { sources: [{ name: `${plan}-live`, source }] },
      ...(hold === undefined ? [] : [{ hold, sources: [{ name: `${plan}-data`, source }] }]),
    ],
    compression: { algorithm: 'none', level: 1 },
    destinations: ['disk'],
    retention: { keepLast: 1, minimum: 1 },
    timezone: 'UTC',
    timeoutMs: 120_000,
    attempts: 2,
    tolerate: [],
    ...changes,
  }
}

export const testRun = (job: BackupJob, changes: Partial<BackupRunInput> = {}): BackupRunInput => ({
  job,
  startedBy: 'person',
  ...changes,
})
