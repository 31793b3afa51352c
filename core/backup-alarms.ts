/** Causes of alarms about the backups of a plan: whoever raises one and whoever resolves it mean the same. */
export const backupAlarms = {
  suspect: (plan: string) => `suspect/${plan}`,
  damaged: (destination: string, backupId: string) => `damaged/${destination}/${backupId}`,
  unrestorable: (destination: string, backupId: string) => `unrestorable/${destination}/${backupId}`,
  stale: (plan: string) => `freshness/${plan}`,
}
