import { ScheduleNotFoundError } from '@temporalio/client'
import { scheduleId } from '../core/ids.js'
import type { WaitActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** Asks Temporal, which knows jitter, pauses and what was changed by hand. */
export const nextRunActivities = ({ client }: Pick<Tools, 'client'>): Pick<WaitActivities, 'nextRun'> => ({
  nextRun: ({ site, plan }) =>
    withHeartbeat(async () => {
      try {
        const { state, info } = await client.schedule.getHandle(scheduleId(site, plan)).describe()
        return state.paused ? undefined : info.nextActionTimes[0]?.toISOString()
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return undefined
        throw error
      }
    }),
})
