import type { BackupSummary } from '../../core/backup.js'
import {
  judgeDestination,
  judgeNewest,
  judgeSpool,
  judgeUnused,
  usesOf,
} from '../../core/doctor/destinations.js'
import { judgePreflight, judgeSchedules } from '../../core/doctor/site.js'
import type { HandsOnHost } from '../../core/doctor/this-host.js'
import { told } from '../../core/doctor/told.js'
import { diffPlans } from '../apply.js'
import { listBackups } from '../backups.js'
import { askHost } from '../questions.js'
import type { Session } from '../session.js'
import { abandonable, type Check } from './checks.js'
import { plansOfThisHost, type Scene } from './scene.js'

/** Far stores take their time, and so does a server that is looked for; a person waits. */
const TRIAL_MS = 90_000
/** How large backups were only helps to judge room: without it, what is free is said. */
const SIZES_MS = 20_000

export const scheduleCheck = (session: Session): Check => ({
  ...{ area: 'schedules', what: 'The schedules' },
  look: async () => judgeSchedules(await diffPlans(session)),
})

/** What takes a worker, or this process in its stead: destinations, and all that a run tries before it stops anything. */
export async function placeChecks(scene: Scene): Promise<readonly Check[]> {
  const { plans, site } = scene
  const hands = await handsOf(scene)
  const uses = usesOf(plans)
  const backupsOf = rememberedBackups(hands)
  const trials = uses.flatMap((use): readonly Check[] => {
    const hand = hands.get(use.host)
    if (hand === undefined) return []
    const look = async (signal: AbortSignal) => {
      const [trial, backups] = await Promise.all([
        told(hand.tryDestination(use.destination, signal)),
        backupsOf(use.host),
      ])
      return judgeDestination(use, trial, backups)
    }
    const what = `Destination "${use.destination}", from host "${use.host}",`
    return [{ area: 'destinations', what, limitMs: TRIAL_MS, look }]
  })
  const rehearsals = plans.flatMap(({ name, host, job }): readonly Check[] => {
    const hand = hands.get(host)
    if (hand === undefined) return []
    const look = async (signal: AbortSignal) =>
      judgePreflight(name, host, await told(hand.preflight(job, signal)))
    return [{ area: 'plans', what: `What plan "${name}" needs`, limitMs: TRIAL_MS, look }]
  })
  return [
    ...trials,
    ...rehearsals,
    spoolCheck(scene, backupsOf),
    {
      ...{ area: 'clock', what: 'The newest backup' },
      look: async () => judgeNewest(await backupsOf(site.host), scene.world.clock()),
    },
    {
      ...{ area: 'destinations', what: 'holdfast.yaml' },
      look: async () => judgeUnused(Object.keys(site.destinations), uses),
    },
  ]
}

function spoolCheck(scene: Scene, backupsOf: (host: string) => Promise<readonly BackupSummary[]>): Check {
  const spooled = plansOfThisHost(scene).filter(
    ({ isSpooled, job }) => isSpooled && job.sets.some(({ hold }) => hold !== undefined),
  )
  const look: Check['look'] = async () => {
    if (spooled.length === 0) return []
    const facts = { plans: spooled.map(({ name }) => name), roomBytes: await scene.thisHost.spoolRoom() }
    return judgeSpool(facts, await backupsOf(scene.site.host))
  }
  return { area: 'space', what: 'The spool', limitMs: 2 * SIZES_MS, look }
}

/** Who tries things on a host: its worker; on this one, where there is none, this process, if it has the rights of the agent. */
async function handsOf({
  session,
  servedHosts,
  site,
  thisHost,
}: Scene): Promise<ReadonlyMap<string, HandsOnHost>> {
  const hands = new Map<string, HandsOnHost>()
  if (session !== undefined) for (const host of servedHosts) hands.set(host, throughWorker(session, host))
  if (!hands.has(site.host) && (await mayActHere(thisHost))) hands.set(site.host, thisHost)
  return hands
}

/** Files that another user makes in its folders would be in the way of the agent. */
async function mayActHere(thisHost: Scene['thisHost']): Promise<boolean> {
  const state = await told(thisHost.stateFolder())
  // Its own check says why.
  if ('failed' in state) return false
  const { folder, userId } = state.value
  return folder === undefined || userId < 0 || folder.ownerId === userId
}

const throughWorker = (session: Session, host: string): HandsOnHost => ({
  tryDestination: (destination) => askHost(session, host, 'tryDestination', { destination }),
  preflight: (job) => askHost(session, host, 'preflight', { job }),
  listBackups: async () => (await listBackups(session, [host], {})).backups,
})

/** Asked for once of each host. What cannot be listed is not known: its destination says why. */
function rememberedBackups(hands: ReadonlyMap<string, HandsOnHost>) {
  const lists = new Map<string, Promise<readonly BackupSummary[]>>()
  return (host: string): Promise<readonly BackupSummary[]> => {
    const known = lists.get(host)
    if (known !== undefined) return known
    const signal = AbortSignal.timeout(SIZES_MS)
    const listed = hands.get(host)?.listBackups(signal) ?? Promise.resolve([])
    const list = abandonable(listed, signal).catch(() => [])
    lists.set(host, list)
    return list
  }
}
