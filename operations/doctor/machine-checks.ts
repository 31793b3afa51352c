import { join } from 'node:path'
import { judgeAlarms, judgeJournal } from '../../core/doctor/debts.js'
import {
  judgeKeys,
  judgeRuntime,
  judgeSecrets,
  judgeStateFolder,
  judgeTools,
} from '../../core/doctor/machine.js'
import { judgeAgent } from '../../core/doctor/site.js'
import { wantedSecrets, wantedTools, type SecretWish } from '../../core/doctor/wanted.js'
import { readLocalState } from '../local-state.js'
import type { Check } from './checks.js'
import { plansOfThisHost, type Scene } from './scene.js'

/** What this machine itself shows, without Temporal. */
export function machineChecks(scene: Scene): readonly Check[] {
  const { site, world, thisHost } = scene
  return [
    { area: 'workers', what: 'The agent', look: async () => judgeAgent(await thisHost.agent()) },
    {
      area: 'rights',
      what: 'The state folder',
      look: async () => judgeStateFolder(await thisHost.stateFolder()),
    },
    {
      ...{ area: 'tools', what: 'Programs of this host' },
      look: async (signal) =>
        judgeTools(await thisHost.tools(wantedTools(plansOfThisHost(scene).map(({ job }) => job)), signal)),
    },
    {
      ...{ area: 'tools', what: 'Node' },
      look: async () => judgeRuntime(await thisHost.runtime(zonesOf(scene)), world.clock()),
    },
    { area: 'keys', what: 'The keys', look: () => keyFindings(scene) },
    { area: 'secrets', what: 'Secrets', look: () => secretFindings(scene) },
    {
      ...{ area: 'journal', what: 'The journal' },
      look: async () => judgeJournal(await thisHost.journal(), world.clock()),
    },
    {
      ...{ area: 'alarms', what: 'The alarms' },
      look: async () => {
        const { alarms, problems } = await readLocalState(site.stateDir)
        // What is wrong with the journal is said by its own check.
        const journal = join(site.stateDir, 'journal')
        return judgeAlarms({ alarms, problems: problems.filter((problem) => !problem.startsWith(journal)) })
      },
    },
  ]
}

const zonesOf = ({ plans }: Scene): readonly string[] => [
  ...new Set(
    plans.flatMap(({ job, schedule, verification }) => [
      job.timezone,
      ...(schedule === undefined ? [] : [schedule.timezone]),
      ...(verification === undefined ? [] : [verification.schedule.timezone]),
    ]),
  ),
]

/** The agent has an environment of its own: where it answers, it tries what comes from there. */
const hasOwnEnvironment = ({ servedHosts, site }: Scene): boolean => servedHosts.includes(site.host)

async function keyFindings(scene: Scene) {
  const users = new Map<string, string[]>()
  for (const { name, job } of plansOfThisHost(scene))
    for (const key of job.encryption?.keys ?? []) users.set(key, [...(users.get(key) ?? []), name])
  const keys = await scene.thisHost.keys()
  return judgeKeys(
    keys.filter(({ type }) => type === 'file' || !hasOwnEnvironment(scene)),
    users,
  )
}

async function secretFindings(scene: Scene) {
  const plans = plansOfThisHost(scene)
  const named = [...new Set(plans.flatMap(({ job }) => job.destinations))]
  const { site } = scene
  const wishes = wantedSecrets({
    ...(site.temporal === undefined ? {} : { 'the connection to Temporal': site.temporal }),
    ...Object.fromEntries(named.map((name) => [`destination ${name}`, site.destinations[name]])),
    ...Object.fromEntries(plans.map(({ name, job }) => [`plan ${name}`, job.sets])),
  })
  const isTriedHere = ({ reference }: SecretWish) => 'file' in reference || !hasOwnEnvironment(scene)
  return judgeSecrets(await scene.thisHost.secrets(wishes.filter(isTriedHere)))
}
