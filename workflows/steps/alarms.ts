import { log } from '@temporalio/workflow'
import type { AlarmInput } from '../../core/work/alarm.js'
import { alarmActivities } from '../proxies.js'

export const runAlarms = {
  failed: (plan: string) => `run-failed/${plan}`,
  inconsistent: (plan: string) => `inconsistent/${plan}`,
  copies: (plan: string, destination: string) => `copies/${plan}/${destination}`,
  retention: (plan: string) => `retention/${plan}`,
  verification: (plan: string) => `verification/${plan}`,
}

/** Writes an alarm; that its host does not answer must not hide what it is about. */
export async function raise(host: string, alarm: AlarmInput): Promise<void> {
  try {
    await alarmActivities(host, 'run').raiseAlarm(alarm)
  } catch (error) {
    log.warn('alarm was not written', { cause: alarm.cause, error: String(error) })
  }
}

/** Forgets alarms whose cause is gone. */
export async function resolve(host: string, causes: readonly string[]): Promise<void> {
  const { resolveAlarm } = alarmActivities(host, 'run')
  const results = await Promise.allSettled(causes.map((cause) => resolveAlarm(cause)))
  if (results.some(({ status }) => status === 'rejected')) log.warn('alarms were not resolved', { causes })
}
