import type { ServiceState } from './backup.js'
import type { AlarmInput } from './work/alarm.js'

export const alarmCauses = {
  notRestarted: (service: string) => `not-restarted/${service}`,
  writeLease: (service: string) => `write-lease/${service}`,
  halfRestored: (restoreId: string) => `half-restored/${restoreId}`,
  damagedEntry: (file: string) => `journal-damaged/${file}`,
  blindWatchdog: 'journal-unusable',
}

export const notRestartedAlarm = (service: string, what: string): AlarmInput => ({
  cause: alarmCauses.notRestarted(service),
  summary: `${service} was held for a backup and ${what}.`,
  hint: `Look at ${service} and its log. Its entry in the journal stays until it was seen to run.`,
  service,
})

export const writeLeaseAlarm = (
  service: string,
  about: { readonly why: string; readonly stateBefore?: ServiceState; readonly restoreId?: string },
): AlarmInput => {
  const { why, stateBefore, restoreId } = about
  return {
    cause: alarmCauses.writeLease(service),
    summary: `${service} stays down for a restore: ${why}. Before, it was ${stateBefore ?? 'not stopped yet'}.`,
    hint: `Its data may be half restored. ${endsOf(service, restoreId)}`,
    service,
  }
}

/** How a person brings a service back that a restore keeps down. Entries of older versions do not name the restore. */
export function endsOf(service: string, restoreId?: string): string {
  const looking = restoreId === undefined ? 'list' : `show ${restoreId}`
  const id = restoreId ?? 'ID'
  return `\`holdfast restore ${looking}\` shows how far it came; \`holdfast restore resume ${id}\` finishes it, \`holdfast restore undo ${id}\` brings the old data back; both start the service. When you know that its data is whole: holdfast journal settle --start ${service}`
}

/** Of a restore that keeps no service down: nothing but this says that its data is not whole. */
export const halfRestoredAlarm = (
  restoreId: string,
  about: { readonly plan: string; readonly why: string },
): AlarmInput => ({
  cause: alarmCauses.halfRestored(restoreId),
  summary: `The data of ${about.plan} may be half restored: ${about.why}.`,
  hint: `\`holdfast restore show ${restoreId}\` shows what is where; \`holdfast restore resume ${restoreId}\` finishes it, \`holdfast restore undo ${restoreId}\` brings the old data back. Keep what uses the data stopped until then.`,
  plan: about.plan,
})

/** `service`: as far as the name of the file tells it. */
export const damagedEntryAlarm = (entry: {
  readonly path: string
  readonly name: string
  readonly service?: string
}): AlarmInput => ({
  cause: alarmCauses.damagedEntry(entry.name),
  summary: `The journal entry ${entry.path} cannot be read: ${entry.service ?? 'a service'} may be owed a start.`,
  hint:
    entry.service === undefined
      ? 'Look which service is down that should run, start it, then remove the file.'
      : `Look whether ${entry.service} runs as it should. To start it, and forget the entry: holdfast journal settle --start ${entry.service}`,
  ...(entry.service === undefined ? {} : { service: entry.service }),
})

export const blindWatchdogAlarm = (why: string): AlarmInput => ({
  cause: alarmCauses.blindWatchdog,
  summary: `What was stopped cannot be told: ${why}`,
  hint: 'Let the user of the Holdfast worker own the folder of the journal. See: holdfast journal',
})
