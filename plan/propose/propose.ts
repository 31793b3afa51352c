import { proposeContainers } from './containers.js'
import type { SeenMachine } from './facts.js'
import { proposeHost } from './host.js'
import { isAnonymous } from './mounts.js'
import { unusedName, type Proposal } from './proposal.js'

/**
 * Plans for what runs on a machine, with reasons: databases are dumped live, inside their containers, and their files are left
 * out; what services write is read while those services stand still. Nothing that contains `destination` is read.
 */
export function propose(machine: SeenMachine, destination: string): Proposal {
  const named = { ...machine, volumes: machine.volumes.filter((volume) => !isAnonymous(volume)) }
  const containers = proposeContainers(named, destination)
  const covered = new Set(
    containers.plans
      .flatMap(({ sources }) => sources)
      .flatMap(({ source }) => (source.type === 'sqlite' ? source.paths : [])),
  )
  const host = proposeHost({ ...machine, sqlite: machine.sqlite.filter(({ path }) => !covered.has(path)) })
  const taken = new Set<string>()
  const plans = [...containers.plans, ...host].map((plan) => {
    const name = unusedName(plan.name, taken)
    taken.add(name)
    return { ...plan, name }
  })
  return {
    plans,
    leftOut: [
      ...containers.leftOut,
      ...machine.unfinished.map((folder) => `${folder}: it has too many files to be searched to the end.`),
    ],
  }
}
