import type { ServerDatabase } from '../../core/server-databases.js'
import { SERVICE_PATTERN } from '../../schemas/patterns.js'
import { familyOf, hasOwnUser, needsPassword } from './databases.js'
import type { SeenContainer } from './facts.js'
import type { ProposedSource } from './proposal.js'

export interface ProposedDump {
  readonly proposed?: ProposedSource
  readonly leftOut?: string
  readonly toDo: readonly string[]
}

const INSIDE: Readonly<Record<ServerDatabase, string>> = {
  postgres: 'Over the socket inside, PostgreSQL’s images ask for no password.',
  mysql: 'Accounts of the server are not part of it.',
}

/** How a container with a database is backed up; undefined for all others. */
export function dumpOf(
  container: SeenContainer,
  group: string,
  all: readonly SeenContainer[],
): ProposedDump | undefined {
  const family = familyOf(container)
  if (family === undefined) return undefined
  const { name, service } = container
  if (!container.isRunning)
    return {
      toDo: [],
      leftOut: `The database in ${name}: it does not run, and so cannot be dumped. Start it, and add it.`,
    }
  const variable = needsPassword(family, container)
    ? variableFor(service === undefined ? name : `${group}_${service}`)
    : undefined
  const toDo = [
    ...(variable === undefined
      ? []
      : [`Set ${variable} for \`holdfast up\`: the password of root in ${name}.`]),
    ...(hasOwnUser(family, container)
      ? [`Add \`user: NAME\`: the superuser in ${name} is the one that POSTGRES_USER names there.`]
      : []),
  ]
  return {
    toDo: toDo.map((sentence) => `Plan ${group}: ${sentence}`),
    proposed: {
      name: service ?? name,
      source: {
        ...{ type: family, in: referenceOf(container, all), databases: 'all' },
        ...(variable === undefined ? {} : { password: { env: variable } }),
      },
      because: [
        'Dumped inside its container, by the program of the server itself, which goes on running.',
        INSIDE[family],
        ...toDo,
      ],
    },
  }
}

/** `docker:project/service` outlives its container; where a service has several, each is named. */
export function referenceOf(
  { name, project, service }: SeenContainer,
  all: readonly SeenContainer[],
): string {
  if (project === undefined || service === undefined) return `docker:${name}`
  const alike = all.filter((one) => one.project === project && one.service === service)
  const reference = `docker:${project}/${service}`
  return alike.length === 1 && new RegExp(SERVICE_PATTERN).test(reference) ? reference : `docker:${name}`
}

/** A name that shells take. */
const variableFor = (text: string): string =>
  `${text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=[0-9])/, '_')}_PASSWORD`
