/** `20261120-013000-shop-7f3a2c`: UTC time, plan, six random hex digits. Sorts by time, reads aloud. */
export type BackupId = string

const BACKUP_ID = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})-([a-z0-9][a-z0-9-]{0,62})-([0-9a-f]{6})$/

/** The nominal time of the run in UTC, to the second. `random` is six hex digits. */
export function backupIdOf(takenAt: Date, plan: string, random: string): BackupId {
  return `${compactTime(takenAt, '-')}-${plan}-${random}`
}

export function parseBackupId(text: string): { takenAt: Date; plan: string } | undefined {
  const match = BACKUP_ID.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, plan] = match
  const takenAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(takenAt.getTime()) || plan === undefined ? undefined : { takenAt, plan }
}

/** `20261120_013000`, in UTC: for names of objects. */
export const compactTime = (time: Date, separator: '-' | '_' = '_'): string =>
  time.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', separator)

/** Folder of all backups of a plan at a destination, with the slash at its end. */
export const planFolder = (plan: string): string => `plans/${plan}/`
/** The same of one backup. */
export const backupFolder = (plan: string, backupId: BackupId): string => `${planFolder(plan)}${backupId}/`
export const manifestName = (plan: string, backupId: BackupId): string =>
  `${backupFolder(plan, backupId)}manifest.json`
export const runObjectName = (plan: string, backupId: BackupId): string =>
  `${backupFolder(plan, backupId)}run.json`

/** Folder of the marks of a backup, with the slash at its end. */
export const marksFolder = (plan: string, backupId: BackupId): string =>
  `${backupFolder(plan, backupId)}marks/`
export const manifestCodeName = (plan: string, backupId: BackupId): string =>
  `${backupFolder(plan, backupId)}manifest.mac`
/** Folder of the wrapped data key, with the slash at its end. */
export const keysFolder = (plan: string, backupId: BackupId): string => `${backupFolder(plan, backupId)}keys/`

/** Prefix of the names of all objects of one attempt to capture one source. */
export function objectPrefix(name: {
  source: string
  takenAt: Date
  attempt: number
  part?: string
}): string {
  const part = name.part === undefined ? '' : `.${name.part}`
  const attempt = name.attempt > 1 ? `.a${name.attempt}` : ''
  return `${name.source}${part}_${compactTime(name.takenAt)}${attempt}`
}

/** Workflow ids. One place, so that a CLI, a schedule and an activity always mean the same run. */
export const workflowIds = {
  backup: (plan: string, backupId: BackupId) => `backup/${plan}/${backupId}`,
  scheduledBackup: (plan: string) => `backup/${plan}`,
  restore: (restoreId: string) => `restore/${restoreId}`,
  /** Whatever carries on with a restore: from 2, since its first run is the restore itself. */
  restoreAttempt: (restoreId: string, attempt: number) => `restore/${restoreId}/${attempt}`,
  retention: (plan: string) => `retention/${plan}`,
  replicate: (plan: string) => `replicate/${plan}`,
  /** By the key that goes: it is replaced by one other at a time. */
  rotate: (key: string) => `rotate/${key}`,
  verify: (backupId: BackupId) => `verify/${backupId}`,
  rehearsal: (backupId: BackupId) => `rehearsal/${backupId}`,
  verifyPlan: (plan: string) => `verify/${plan}`,
  guard: (host: string, service: string) => `guard/${host}/${service}`,
  planLock: (plan: string) => `lock/plan/${plan}`,
  capturePlaces: (host: string) => `lock/host/${host}/captures`,
  question: (uuid: string) => `question/${uuid}`,
}

/** What of a plan may run by itself. */
export type ScheduledWork = 'backup' | 'verify'

export const scheduleId = (site: string, plan: string, work: ScheduledWork = 'backup'): string =>
  `${site}/${work}/${plan}`

/** Of all that a plan may do by itself. */
export const scheduleIdsOf = (site: string, plan: string): readonly string[] => [
  scheduleId(site, plan, 'backup'),
  scheduleId(site, plan, 'verify'),
]

export const taskQueues = {
  orchestrator: 'orchestrator',
  control: (host: string) => `host.${host}.control`,
  wait: (host: string) => `host.${host}.wait`,
  questions: (host: string) => `host.${host}.questions`,
  capture: (host: string) => `host.${host}.capture`,
  data: (host: string) => `host.${host}.data`,
  copies: (host: string) => `host.${host}.copies`,
  swap: (host: string) => `host.${host}.swap`,
}
