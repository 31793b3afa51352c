import { counted } from '../units.js'
import { fine, type Finding } from './finding.js'
import type { JournalFacts } from './this-host.js'

/** What the watchdog is given beyond a deadline. */
const OVERDUE_MS = 60_000

/** Services that were stopped, and are owed a start. */
export function judgeJournal(journal: JournalFacts | undefined, now: Date): readonly Finding[] {
  if (journal === undefined) return [fine('journal', 'Nothing was ever stopped from this state folder.')]
  const { entries, damaged } = journal
  const isLate = (deadlineAt: string | undefined) =>
    deadlineAt !== undefined && now.getTime() - new Date(deadlineAt).getTime() > OVERDUE_MS
  const owed = entries.flatMap(({ service, lease, deadlineAt }): readonly Finding[] => {
    if (isLate(deadlineAt)) return [overdue(service)]
    return lease === 'write' ? [restored(service)] : []
  })
  const broken = damaged.map((entry) => damagedEntry(entry))
  if (owed.length + broken.length > 0) return [...owed, ...broken]
  return [
    fine(
      'journal',
      entries.length === 0
        ? 'No service is owed a start.'
        : `${counted(entries.length, 'service')} held by runs that go on: ${entries.map(({ service }) => service).join(', ')}.`,
    ),
  ]
}

const overdue = (service: string): Finding => ({
  ...{ area: 'journal', severity: 'problem' },
  what: `${service} should be running again, and is still owed a start.`,
  why: 'It is down, or was started by somebody else; a run that wants to hold it has to wait.',
  mend: 'holdfast journal settle',
})

const restored = (service: string): Finding => ({
  ...{ area: 'journal', severity: 'warning' },
  what: `${service} is kept down by a restore.`,
  why: 'It stays down until the restore has ended, and plans that hold it cannot run.',
  mend: 'holdfast restore list',
})

const damagedEntry = ({ path, service }: JournalFacts['damaged'][number]): Finding => ({
  ...{ area: 'journal', severity: 'problem' },
  what: `The entry ${path} of the journal cannot be read.`,
  why: 'A service may be down that nobody starts.',
  mend:
    service === undefined
      ? 'Look which service is down that should run, start it, then remove the file.'
      : `holdfast journal settle --start ${service}`,
})

export interface AlarmFacts {
  readonly alarms: readonly { readonly cause: string; readonly summary: string; readonly hint: string }[]
  /** Files that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

/** Alarms that are open, and local records that cannot be read. */
export function judgeAlarms({ alarms, problems }: AlarmFacts): readonly Finding[] {
  const findings: Finding[] = [
    ...alarms.map(({ cause, summary, hint }): Finding => ({
      ...{ area: 'alarms', severity: 'warning' },
      what: `${cause}: ${summary}`,
      mend: hint,
    })),
    ...problems.map((what): Finding => ({ area: 'alarms', severity: 'warning', what })),
  ]
  return findings.length > 0 ? findings : [fine('alarms', 'No alarm is open.')]
}
