import type { Client, ScheduleDescription } from '@temporalio/client'
import { assert } from '../core/assert.js'
import { HoldfastError } from '../core/errors.js'
import type { ScheduledWork } from '../core/ids.js'
import { searchAttributes } from '../core/messages.js'
import type { ExistingSchedule, PlanSchedule, ScheduleChange } from '../core/schedule-diff.js'
import type { RunningWork } from '../plan/explain/differences.js'
import { RENDERING_VERSION, renderSchedule, scheduleMemo, type ScheduledJobs } from './schedule-rendering.js'
import { equals } from './search-attributes.js'
import { asking, isNotFound } from './temporal-errors.js'

/** A schedule as it is in Temporal, with what it did last and does next. */
export interface ScheduleView extends ExistingSchedule {
  /** What it runs, and when, as its plan had it. Left out where another version rendered it. */
  readonly running?: RunningWork
  /** Why, or by whom, as the last pause or resume said it. */
  readonly note?: string
  /** ISO; left out while paused. */
  readonly nextRunAt?: string
  readonly lastRun?: { readonly workflowId: string; readonly runId: string; readonly startedAt: string }
  /** Runs that were not started since the one before still went on. */
  readonly skipped: number
  /** Runs that were missed by more than the catch-up window. */
  readonly missed: number
}

/** Descriptions asked for at the same time: a site has dozens of plans, a server answers hundreds a second. */
const PARALLEL = 8

/** Every schedule of the site: those that are listed, and those that are named, since lists lag behind. */
export async function readSchedules(
  client: Client,
  site: string,
  alsoIds: readonly string[] = [],
): Promise<readonly ScheduleView[]> {
  return asking('the schedules', async () => {
    const ids = new Set(alsoIds)
    for await (const { scheduleId } of client.schedule.list({ query: equals('site', site) }))
      ids.add(scheduleId)
    const queue = [...ids]
    const found: ScheduleView[] = []
    const readNext = async (): Promise<void> => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const description = await describeIfThere(client, id)
        // A list lags behind: what it names may be gone, or may by now belong to another site.
        if (description !== undefined && attributeOf(description, 'site') === site) {
          found.push(existingOf(description))
        }
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, readNext))
    return found.sort((a, b) => a.scheduleId.localeCompare(b.scheduleId))
  })
}

/** Makes one schedule what its plan wants, as `diffSchedules` decided. Safe to repeat. */
export async function carryOut(
  client: Client,
  change: ScheduleChange,
  jobs: ScheduledJobs | undefined,
): Promise<void> {
  if (change.kind === 'keep') return
  if (change.kind === 'remove') return removeSchedule(client, change.scheduleId)
  assert(jobs, `no job for the schedule of ${change.plan}`)
  const rendered = renderSchedule(change.wanted, jobs)
  const { scheduleId, paused } = change
  await asking(`the schedule of ${change.plan}`, async () => {
    if (change.kind === 'create') {
      const state = paused ? { paused, note: 'Created paused, as its plan says.' } : {}
      await client.schedule.create({ scheduleId, ...rendered, state })
      return
    }
    // An update replaces the state too: what a person paused stays paused, with their note.
    const handle = client.schedule.getHandle(scheduleId)
    await handle.update((previous) => ({ ...rendered, state: { ...previous.state, paused } }))
  })
}

/** Safe to repeat. A run that goes on is not touched. */
export async function removeSchedule(client: Client, scheduleId: string): Promise<void> {
  await asking(`the schedule ${scheduleId}`, async () => {
    try {
      await client.schedule.getHandle(scheduleId).delete()
    } catch (thrown) {
      if (!isNotFound(thrown)) throw thrown
    }
  })
}

export interface PauseChange {
  readonly to: 'paused' | 'running'
  readonly note: string
}

/** Fails with `schedule.not-found`. */
export async function pauseSchedule(
  client: Client,
  schedule: { readonly scheduleId: string; readonly plan: string },
  change: PauseChange,
): Promise<void> {
  await asking(`the schedule of ${schedule.plan}`, async () => {
    // On the wire an empty note means that nothing was asked for.
    assert(change.note !== '', 'a pause or resume without a note')
    const handle = client.schedule.getHandle(schedule.scheduleId)
    try {
      await (change.to === 'paused' ? handle.pause(change.note) : handle.unpause(change.note))
    } catch (thrown) {
      throw isNotFound(thrown) ? noSchedule(schedule.plan) : thrown
    }
  })
}

export const noSchedule = (plan: string): HoldfastError =>
  new HoldfastError('schedule.not-found', `Plan "${plan}" has no schedule in Temporal.`, {
    hint: `Give it one with \`holdfast backup schedule ${plan} --set "30 2 * * *"\`, or apply the one in its file with \`holdfast plan apply\`.`,
  })

async function describeIfThere(client: Client, scheduleId: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(scheduleId).describe()
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

function existingOf(description: ScheduleDescription): ScheduleView {
  const { scheduleId, action, state, info } = description
  // What another version rendered is left without a hash, and so written anew.
  const memo = action.memo?.[scheduleMemo.rendering] === RENDERING_VERSION ? action.memo : {}
  const hash = memo[scheduleMemo.hash]
  const last = info.recentActions.at(-1)
  const next = state.paused ? undefined : info.nextActionTimes[0]
  return {
    scheduleId,
    plan: attributeOf(description, 'plan') ?? scheduleId,
    work: workOf(attributeOf(description, 'kind')),
    ...(typeof hash === 'string' ? { hash, running: runningOf(description) } : {}),
    paused: state.paused,
    ...(state.note === undefined || state.note === '' ? {} : { note: state.note }),
    ...(next === undefined ? {} : { nextRunAt: next.toISOString() }),
    ...(last === undefined
      ? {}
      : {
          lastRun: {
            workflowId: last.action.workflow.workflowId,
            runId: last.action.workflow.firstExecutionRunId,
            startedAt: last.takenAt.toISOString(),
          },
        }),
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  }
}

function runningOf({ action }: ScheduleDescription): RunningWork {
  // As we wrote them: `renderSchedule`.
  const [input] = action.args as readonly [{ readonly job: RunningWork['job'] }]
  return { job: input.job, schedule: action.memo?.[scheduleMemo.schedule] as PlanSchedule }
}

const workOf = (kind: string | undefined): ScheduledWork => (kind === 'verify' ? 'verify' : 'backup')

function attributeOf(
  description: ScheduleDescription,
  name: keyof typeof searchAttributes,
): string | undefined {
  const value = description.searchAttributes[searchAttributes[name]]?.[0]
  return typeof value === 'string' ? value : undefined
}
