import { errorCatalogue } from '../../core/errors.js'
import type { Site } from '../../core/site.js'
import type { Session } from '../../operations/session.js'
import type { CompiledPlan } from '../../plan/compile.js'
import { stateOf } from '../output/backups.js'
import { formatDistance } from '../output/times.js'
import { connected } from '../session.js'
import type { Candidate, ValueKind } from './shape.js'

export interface Asked {
  /** What is typed of the word so far. */
  readonly typed: string
  readonly site: () => Promise<Site>
  readonly now: Date
}

/** Nobody picks from more with Tab; who types more of an id gets to older ones. */
const MOST = 50

/** What there is of a kind, what is newest first. Fails as what it asks does: there is nothing to complete then. */
export async function valuesOf(kind: ValueKind, asked: Asked): Promise<readonly Candidate[]> {
  switch (kind) {
    case 'file':
    case 'free':
      return []
    case 'code':
      return Object.keys(errorCatalogue).map((word) => ({ word }))
    case 'plan':
      return (await plansOf(asked)).map(planCandidate)
    case 'source':
      return unique((await plansOf(asked)).flatMap(({ job }) => job.sets.flatMap(({ sources }) => sources)))
    case 'host': {
      const { hostsOf } = await import('../../operations/plans.js')
      return hostsOf(await asked.site(), await plansOf(asked)).map((word) => ({ word }))
    }
    case 'destination':
      return Object.entries((await asked.site()).destinations).map(described)
    case 'key':
      return Object.entries((await asked.site()).keys).map(described)
    case 'service': {
      const { readLocalState } = await import('../../operations/local-state.js')
      return (await readLocalState((await asked.site()).stateDir)).held.map(({ service }) => ({
        word: service,
      }))
    }
    case 'backup':
      return backups(asked)
    case 'backup-or-plan':
      return [...(await plansOf(asked)).map(planCandidate), ...(await backups(asked))]
    case 'restore':
      return restores(asked)
    case 'run':
      return runs(asked)
  }
}

async function plansOf({ site }: Asked): Promise<readonly CompiledPlan[]> {
  const { loadPlans } = await import('../../site/plans.js')
  return (await loadPlans(await site())).plans
}

const planCandidate = ({ name, description, file }: CompiledPlan): Candidate => ({
  word: name,
  description: description ?? file,
})

const unique = (named: readonly { readonly name: string }[]): readonly Candidate[] =>
  [...new Set(named.map(({ name }) => name))].map((word) => ({ word }))

const described = ([word, { type }]: readonly [string, { readonly type: string }]): Candidate => ({
  word,
  description: type,
})

async function backups(asked: Asked): Promise<readonly Candidate[]> {
  const { listBackups } = await import('../../operations/backups.js')
  return fromHosts(asked, async (session, hosts) => {
    const { backups: listed } = await listBackups(session, hosts, {})
    return listed.toReversed().map((backup) => ({
      word: backup.id,
      description: `${formatDistance(backup.takenAt, asked.now)}, ${stateOf(backup)}`,
    }))
  })
}

async function restores(asked: Asked): Promise<readonly Candidate[]> {
  const { listRestores } = await import('../../operations/restore-ends.js')
  return fromHosts(asked, async (session, hosts) => {
    const { restores: listed } = await listRestores(session, hosts)
    return listed.map(({ restoreId, state }) => ({ word: restoreId, description: state }))
  })
}

/** The newest of those that begin so, from lists that are newest first. */
async function fromHosts(
  asked: Asked,
  list: (session: Session, hosts: readonly string[]) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  const site = await asked.site()
  const { knownHosts } = await import('../../operations/plans.js')
  const hosts = await knownHosts(site)
  const found = await connected(site, (session) => list(session, hosts))
  return found.filter(({ word }) => word.startsWith(asked.typed)).slice(0, MOST)
}

async function runs({ site, now }: Asked): Promise<readonly Candidate[]> {
  const { listRuns } = await import('../../operations/runs.js')
  const known = await site()
  const found = await connected(known, ({ client }) => listRuns(client, { site: known.site, limit: MOST }))
  return found.map(({ workflowId, status, startedAt }) => ({
    word: workflowId,
    description: `${status}, started ${formatDistance(startedAt, now)}`,
  }))
}
