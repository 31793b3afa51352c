import { familyOf, isDataOf } from './databases.js'
import type { SeenContainer, SeenMachine, SeenMount } from './facts.js'

/** Folders of the system that containers are given to look at, not to keep data in. */
const SYSTEM =
  /^\/(proc|sys|dev|run|boot|lib|usr|etc\/(localtime|timezone|ssl|passwd|group))(\/|$)|^\/var\/(run|lib\/docker)(\/|$)|\.sock$|^\/$/

/** What becomes of a volume or folder that a container writes: undefined means it is read, a text why it is not. */
export function whyLeftOut(
  mount: SeenMount,
  container: SeenContainer,
  { machine, destination }: { readonly machine: SeenMachine; readonly destination: string },
): string | undefined {
  const { type, from, to } = mount
  const owner = machine.containers.find((one) => keepsDatabaseIn(one, from))
  if (owner !== undefined)
    return `${from}: the files of the database in ${owner.name}. A copy of files that a server writes to is of no use; its dump is.`
  if (type === 'volume' && isAnonymous(from))
    return `a volume without a name, at ${to} of ${container.name}: it goes with its container. Name it to keep it.`
  if (type === 'bind' && isWithin(destination, from)) return `${from}: the backups themselves go there.`
  return undefined
}

const keepsDatabaseIn = (container: SeenContainer, from: string): boolean => {
  const family = familyOf(container)
  return (
    family !== undefined &&
    container.mounts.some((mount) => mount.from === from && isDataOf(family, mount.to))
  )
}

/** Docker names volumes that nobody named. */
export const isAnonymous = (volume: string): boolean => /^[0-9a-f]{64}$/.test(volume)

export const isOfSystem = ({ type, from }: SeenMount): boolean => type === 'bind' && SYSTEM.test(from)

/** Every container that writes there, but databases: those are dumped while they run. */
export const writersOf = ({ from }: SeenMount, { containers }: SeenMachine): readonly SeenContainer[] =>
  containers.filter(
    (container) =>
      familyOf(container) === undefined &&
      container.mounts.some((mount) => mount.from === from && mount.isWritable),
  )

export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`)
