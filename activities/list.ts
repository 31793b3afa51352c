import type { BackupSummary, Item, Manifest } from '../core/backup.js'
import { isSealed } from '../core/encrypted-manifest.js'
import { decideRetention } from '../core/retention.js'
import { chooseBackups, type ChosenBackups, type VerifyJob } from '../core/verification.js'
import type { BackupPage, LocatedBackup, RetentionInput, RetentionReport } from '../core/work/catalog.js'
import type { QuestionActivities } from './activities.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

/** About 350 KB: answers travel through Temporal, which refuses more than 2 MB. */
const PAGE_SIZE = 500
const PROBLEMS_NAMED = 50
const MAX_ANSWER_BYTES = 1_500_000

/** Questions about what there is. Nothing changes. */
export const listActivities = (
  tools: Tools,
): Pick<QuestionActivities, 'listBackups' | 'showBackup' | 'previewRetention' | 'chooseBackups'> => ({
  listBackups: (input) => withHeartbeat((signal) => listPage(tools, input, signal)),
  showBackup: (reference) =>
    withHeartbeat(async (signal) => fitted(await tools.catalog.find(reference, signal))),
  previewRetention: (input) => withHeartbeat((signal) => previewRetention(tools, input, signal)),
  chooseBackups: (job) => withHeartbeat((signal) => choose(tools, job, signal)),
})

async function listPage(
  { catalog }: Tools,
  { filter, after }: Parameters<QuestionActivities['listBackups']>[0],
  signal: AbortSignal,
): Promise<BackupPage> {
  const { backups, problems } = await catalog.list(filter, signal)
  const rest = after === undefined ? backups : backups.filter((backup) => placeOf(backup) > after)
  const page = rest.slice(0, PAGE_SIZE)
  const last = page.at(-1)
  return {
    backups: page,
    ...(last && rest.length > page.length ? { next: placeOf(last) } : {}),
    problems: bounded(problems),
  }
}

/** The order of the catalog as text: a page begins after it even when backups came or went meanwhile. */
const placeOf = ({ takenAt, id, destination }: BackupSummary): string => [takenAt, id, destination].join(' ')

function bounded(problems: readonly string[]): readonly string[] {
  if (problems.length <= PROBLEMS_NAMED) return problems
  return [
    ...problems.slice(0, PROBLEMS_NAMED),
    `And ${problems.length - PROBLEMS_NAMED} more of the same kind.`,
  ]
}

/** Leaves out what nobody here can read, and names of files that were not captured, as many as it takes: their counts stay. */
function fitted(located: LocatedBackup): LocatedBackup {
  const { manifest } = located
  if (isSealed(manifest)) return { ...located, manifest: { ...manifest, sealed: '' } }
  const attempts = [1000, 100, 10, 0].map((named) => ({
    ...located,
    manifest: naming(manifest, named),
  }))
  return (
    attempts.find((attempt) => Buffer.byteLength(JSON.stringify(attempt)) <= MAX_ANSWER_BYTES) ??
    attempts.at(-1) ??
    located
  )
}

const naming = (manifest: Manifest, named: number): Manifest => ({
  ...manifest,
  items: manifest.items.map((item): Item => ({ ...item, notCaptured: item.notCaptured.slice(0, named) })),
})

async function previewRetention(
  tools: Tools,
  { destination, ...input }: RetentionInput,
  signal: AbortSignal,
): Promise<RetentionReport> {
  // A place that is not there is an error here, not an empty list: "nothing to remove" would sound like all is well.
  await tools.destination(destination, signal)
  const { backups } = await tools.catalog.list({ plan: input.plan, destination, among: 'all' }, signal)
  return { destination, decisions: decideRetention({ ...input, backups, now: tools.clock().toISOString() }) }
}

async function choose({ catalog }: Tools, job: VerifyJob, signal: AbortSignal): Promise<ChosenBackups> {
  const { plan, destinations } = job
  const lists = await Promise.all(
    destinations.map((destination) => catalog.list({ plan, destination }, signal)),
  )
  return {
    ...chooseBackups(
      lists.flatMap(({ backups }) => backups),
      job,
    ),
    problems: bounded([...new Set(lists.flatMap(({ problems }) => problems))]),
  }
}
