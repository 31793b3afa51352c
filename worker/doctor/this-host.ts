import { preflight } from '../../activities/preflight.js'
import { sources } from '../../activities/sources/registry.js'
import { tryDestination } from '../../activities/try-destination.js'
import type { SecretFacts, ThisHost } from '../../core/doctor/this-host.js'
import { told } from '../../core/doctor/told.js'
import type { SecretWish } from '../../core/doctor/wanted.js'
import { HoldfastError } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import { agentStatus } from '../agent.js'
import { handTools, type HandOptions } from '../hand-tools.js'
import { listKeysByHand } from '../keys-by-hand.js'
import { viewJournal } from '../read-journal.js'
import type { LocalTools } from '../tools.js'
import { runtimeFacts } from './runtime.js'
import { lookAtStateFolder } from './state-folder.js'
import { lookForTools } from './tools.js'

/** The machine that this process runs on, seen with the eyes and the rights of a worker. */
export async function thisHost(site: Site, options: HandOptions): Promise<ThisHost> {
  const { environment } = options
  const tools = await handTools(site, options)
  return {
    stateFolder: () => lookAtStateFolder(site.stateDir),
    tools: (wishes, signal) => lookForTools(wishes, { shell: tools.shell(), environment }, signal),
    runtime: runtimeFacts,
    keys: () => listKeysByHand(tools),
    secrets: (wishes) => Promise.all(wishes.map((wish) => secretFacts(tools, wish))),
    journal: () => journalOf(site.stateDir),
    spoolRoom: () => tools.spool.roomBytes(),
    agent: async () => (await agentStatus(site)).state,
    tryDestination: (name, signal) => tryDestination(tools, name, signal),
    preflight: (job, signal) => preflight({ tools, drivers: sources, signal }, { job }),
    listBackups: async (signal) => (await tools.catalog.list({}, signal)).backups,
  }
}

async function secretFacts({ secrets }: LocalTools, wish: SecretWish): Promise<SecretFacts> {
  return { wish, resolved: await told(secrets.resolve(wish.reference).then(() => 'there' as const)) }
}

async function journalOf(stateDir: string) {
  try {
    return await viewJournal(stateDir)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'journal.missing') return undefined
    throw error
  }
}
