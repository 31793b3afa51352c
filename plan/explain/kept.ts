import { DEFAULT_QUARANTINE_MS, type BackupJob, type RetentionRules } from '../../core/job.js'
import { durationInWords, retentionInWords } from '../words.js'

/** What the rules keep at which destination. */
export function keptLines({ retention, retentionAt = {}, timezone }: BackupJob): readonly string[] {
  if (retention === undefined) return ['Every backup: the plan has no retention, so nothing is ever removed.']
  return [
    `Of the good backups, ${retentionInWords(retention)}. Days, weeks, months and years are those of ${timezone}. ${goneSentence(retention)}`,
    ...Object.entries(retentionAt).map(
      ([name, rules]) => `At ${name}: ${retentionInWords(rules)}. ${goneSentence(rules)}`,
    ),
  ]
}

const goneSentence = ({ quarantineMs = DEFAULT_QUARANTINE_MS }: RetentionRules): string =>
  quarantineMs === 0
    ? 'What goes is gone at once.'
    : `What goes can be brought back for ${durationInWords(quarantineMs)}.`
