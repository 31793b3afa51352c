import { HoldfastError } from '../core/errors.js'
import type { MarkContent, MarkState } from '../core/marks.js'
import { backupAlarms } from '../core/backup-alarms.js'
import type { LocatedBackup, MarkChange, MarkInput, MarkResult } from '../core/work/catalog.js'
import type { QuestionActivities } from './activities.js'
import { toMark } from './catalog/mark-trust.js'
import { addMark, readMarkState } from './catalog/marks.js'
import { probe } from './catalog/probe.js'
import type { Destination } from './destinations/driver.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** What people say of a backup later. Waits for nobody: a run of the plan that goes on looks at marks before it removes. */
export const markActivities = (tools: Tools): Pick<QuestionActivities, 'markBackup'> => ({
  markBackup: (input) => withHeartbeat((signal) => markBackup(tools, input, signal)),
})

interface Marking {
  readonly located: LocatedBackup
  /** As they are now. */
  readonly marks: MarkState
  readonly because?: string
  readonly add: (content: MarkContent) => Promise<MarkState>
  readonly storeTime: () => Promise<Date>
}

async function markBackup(
  tools: Tools,
  { reference, change, because }: MarkInput,
  signal: AbortSignal,
): Promise<MarkResult> {
  const located = await tools.catalog.find({ ...reference, among: 'all' }, signal)
  requireOwnSite(located, tools.site.site)
  const destination = await tools.destination(located.destination, signal)
  const marks = await changes[change]({
    located,
    marks: located.marks,
    ...(because === undefined ? {} : { because }),
    add: (content) => addAndRead(tools, destination, located, content, signal),
    storeTime: async () => (await probe(destination, tools.random, signal)).storeTime,
  })
  const { id, plan } = located.manifest
  if (change === 'accept') await tools.alarms.resolve(backupAlarms.suspect(plan))
  tools.log.info('backup marked', { backupId: id, destination: destination.name, change })
  return { backupId: id, destination: destination.name, marks, isChanged: marks !== located.marks }
}

/** Whoever may not remove a backup has no say in whether it is removed. */
function requireOwnSite({ manifest: { id, site } }: LocatedBackup, own: string): void {
  if (site === own) return
  throw new HoldfastError('backup.not-found', `${id} belongs to the site "${site}", not to "${own}".`, {
    hint: 'Only the site that made a backup marks it.',
  })
}

/** Each answers the marks as they are afterwards; the same as before where there was nothing to do. */
const changes: Record<MarkChange, (marking: Marking) => Promise<MarkState>> = {
  pin: async (marking) => {
    const { marks, because, add } = marking
    if (marks.pin !== undefined && (because === undefined || because === marks.pin.because)) return marks
    if (marks.deletion !== undefined) throw deleted(marking.located)
    const after = await add({ kind: 'pinned', ...reason(because) })
    // Retention decided before it saw the pin: the pin has the last word.
    return after.deletion === undefined
      ? after
      : add({ kind: 'undeleted', cancels: [...after.deletion.marks] })
  },

  unpin: async ({ marks, because, add }) =>
    marks.pin === undefined ? marks : add({ kind: 'unpinned', ...reason(because) }),

  accept: async ({ located, marks, because, add }) =>
    located.manifest.verdicts.data !== 'suspect' || marks.isAccepted
      ? marks
      : add({ kind: 'accepted', ...reason(because) }),

  undelete: async (marking) => {
    const { located, marks, because, add, storeTime } = marking
    const { deletion } = marks
    if (deletion === undefined) return marks
    // Pinned as well: what the rules do not keep would otherwise be gone again after the next run. And first, since a pin
    // alone already keeps it from being removed.
    if (marks.pin === undefined) await add({ kind: 'pinned', because: because ?? 'brought back' })
    const after = await add({ kind: 'undeleted', cancels: [...deletion.marks] })
    // By the clock that removal goes by: in time means that whoever removes has seen these marks.
    if ((await storeTime()).getTime() < new Date(deletion.until).getTime()) return after
    throw tooLate(located)
  },
}

/** As long as a mark may say it. */
const BECAUSE_LENGTH = 500

const reason = (because: string | undefined) =>
  because === undefined ? {} : { because: because.slice(0, BECAUSE_LENGTH) }

async function addAndRead(
  { site, clock, keys }: Tools,
  destination: Destination,
  { manifest }: LocatedBackup,
  content: MarkContent,
  signal: AbortSignal,
): Promise<MarkState> {
  const backup = await toMark({ destination, plan: manifest.plan, backupId: manifest.id }, keys, signal)
  await addMark(backup, content, { site, clock, signal })
  return readMarkState(backup, signal)
}

const deleted = ({ manifest: { id } }: LocatedBackup): HoldfastError =>
  new HoldfastError('backup.deleted', `Backup ${id} is deleted.`, {
    hint: `\`holdfast backup undelete ${id}\` brings it back, and pins it.`,
  })

const tooLate = ({ manifest: { id } }: LocatedBackup): HoldfastError =>
  new HoldfastError('backup.deleted', `The quarantine of backup ${id} was over: it may be removed already.`, {
    hint: `See whether it is still there, with \`holdfast backup show ${id}\`, and verify it with \`holdfast backup verify ${id}\`.`,
  })
