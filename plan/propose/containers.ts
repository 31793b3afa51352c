import type { Source } from '../../schemas/sources.js'
import { dumpOf, referenceOf } from './dump.js'
import type { SeenContainer, SeenMachine, SeenMount } from './facts.js'
import { isOfSystem, isWithin, whyLeftOut, writersOf } from './mounts.js'
import { nameFrom, unusedName, type Proposal, type ProposedPlan, type ProposedSource } from './proposal.js'

interface Making {
  readonly machine: SeenMachine
  /** Folder that backups will go to. */
  readonly destination: string
  /** Volumes and folders that were decided on already, by this plan or another one. */
  readonly decided: Set<string>
}

/** A plan for each Compose project, and for each container without one, that has something to keep. */
export function proposeContainers(machine: SeenMachine, destination: string): Proposal {
  const groups = new Map<string, SeenContainer[]>()
  for (const container of machine.containers) {
    const key = container.project ?? container.name
    groups.set(key, [...(groups.get(key) ?? []), container])
  }
  const making = { machine, destination, decided: new Set<string>() }
  const plans = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, containers]) => planOf(group, containers, making))
  const empty = plans.filter(({ sources }) => sources.length === 0)
  return {
    plans: plans.filter(({ sources }) => sources.length > 0),
    leftOut: [
      ...empty.flatMap(({ description, leftOut }) =>
        leftOut.length > 0
          ? leftOut
          : [`${description}: no database, and no volume or folder that it writes.`],
      ),
      ...machine.volumes
        .filter((volume) => !making.decided.has(volume))
        .map((volume) => `Volume ${volume}: no container mounts it to write.`),
    ],
  }
}

function planOf(group: string, containers: readonly SeenContainer[], making: Making): ProposedPlan {
  const { machine } = making
  const dumps = containers.flatMap((container) => dumpOf(container, group, machine.containers) ?? [])
  const mounts = mountsOf(containers, making)
  const writers = mounts.kept.flatMap((mount) => writersOf(mount, machine))
  const services = [...new Set(writers.map((one) => referenceOf(one, machine.containers)))]
  const sources = [
    ...dumps.flatMap(({ proposed }) => proposed ?? []),
    ...mounts.kept.map((mount) => mountSource(mount, group, machine)),
    ...sqliteSource(mounts.kept, machine),
  ]
  return {
    name: nameFrom(group),
    description: containers[0]?.project === undefined ? `Container ${group}` : `Compose project ${group}`,
    ...(services.length === 0 ? {} : { hold: { services } }),
    holdBecause: ['What they write is read below: they stop meanwhile, and start again whatever happens.'],
    sources: distinct(sources),
    leftOut: [...dumps.flatMap(({ leftOut }) => leftOut ?? []), ...mounts.leftOut],
    toDo: dumps.flatMap(({ toDo }) => toDo),
  }
}

/** Volumes and folders that these containers write, each once, and why others are not read. */
function mountsOf(containers: readonly SeenContainer[], { machine, destination, decided }: Making) {
  const kept: SeenMount[] = []
  const leftOut: string[] = []
  for (const container of containers) {
    for (const mount of container.mounts) {
      if (!mount.isWritable || isOfSystem(mount) || decided.has(mount.from)) continue
      decided.add(mount.from)
      const why = whyLeftOut(mount, container, { machine, destination })
      if (why === undefined) kept.push(mount)
      else leftOut.push(why)
    }
  }
  return { kept, leftOut }
}

function mountSource(mount: SeenMount, group: string, machine: SeenMachine): ProposedSource {
  const writers = writersOf(mount, machine).map(({ name }) => name)
  const what = mount.type === 'volume' ? 'A volume' : 'A folder of the host'
  const source: Source =
    mount.type === 'volume'
      ? { type: 'volume', volume: mount.from }
      : { type: 'files', paths: [mount.from], ...withoutSqlite(mount.from, machine) }
  return writers.length === 0
    ? {
        name: shortName(mount.from, group),
        source: { ...source, live: true },
        because: [`${what} that only the container of a database writes, which goes on running.`],
      }
    : {
        ...{ name: shortName(mount.from, group), source },
        because: [`${what} that ${writers.join(', ')} ${writers.length === 1 ? 'writes' : 'write'}.`],
      }
}

/** Databases in the folder are a source of their own. */
function withoutSqlite(folder: string, { sqlite }: SeenMachine) {
  const exclude = sqlite
    .filter(({ path }) => isWithin(path, folder))
    .map(({ path }) => path.slice(folder.length + 1))
    .flatMap((path) => [path, `${path}-*`])
  return exclude.length === 0 ? {} : { exclude }
}

function sqliteSource(kept: readonly SeenMount[], { sqlite }: SeenMachine): readonly ProposedSource[] {
  const folders = kept.filter(({ type }) => type === 'bind').map(({ from }) => from)
  const paths = sqlite
    .map(({ path }) => path)
    .filter((path) => folders.some((folder) => isWithin(path, folder)))
  if (paths.length === 0) return []
  const because = ['Copied by SQLite itself, and checked before and after.']
  return [{ name: 'sqlite', source: { type: 'sqlite', paths }, because }]
}

function distinct(sources: readonly ProposedSource[]): readonly ProposedSource[] {
  const taken = new Set<string>()
  return sources.map((source) => {
    const name = unusedName(nameFrom(source.name), taken)
    taken.add(name)
    return { ...source, name }
  })
}

function shortName(from: string, group: string): string {
  if (from.startsWith('/')) return from.split('/').at(-1) ?? from
  return from.startsWith(`${group}_`) ? from.slice(group.length + 1) : from
}
