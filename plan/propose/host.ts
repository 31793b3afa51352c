import { DEFAULT_PORTS } from '../../core/server-databases.js'
import type { SeenMachine, SeenServer } from './facts.js'
import { nameFrom, type ProposedPlan } from './proposal.js'

/** Plans for what the host runs itself: its database servers, and SQLite files with the units that use them. */
export const proposeHost = (machine: SeenMachine): readonly ProposedPlan[] => [
  ...machine.servers.map((server) => serverPlan(server, machine.user)),
  ...sqlitePlans(machine),
]

function serverPlan({ family, socket, port }: SeenServer, user: string): ProposedPlan {
  const connection = { host: socket, ...(port === undefined ? {} : { port }) }
  const isPostgres = family === 'postgres'
  const toDo = isPostgres
    ? `Let the user of the agent in: sudo --user=postgres createuser${port === undefined ? '' : ` --port=${port}`} --superuser ${user}`
    : user === 'root'
      ? undefined
      : `Let the user of the agent in: CREATE USER ${user}@localhost IDENTIFIED VIA unix_socket; and give it the right to read everything.`
  return {
    name: `host-${family}${isPostgres && port !== undefined && port !== DEFAULT_PORTS.postgres ? `-${port}` : ''}`,
    description: `${isPostgres ? 'PostgreSQL' : 'MySQL or MariaDB'} of this machine`,
    holdBecause: [],
    sources: [
      {
        name: 'databases',
        source: { type: family, connection, databases: 'all', user },
        because: [
          'Over its socket, where the server knows its users by the system: no password is needed.',
          ...(toDo === undefined ? [] : [toDo]),
        ],
      },
    ],
    leftOut: [],
    toDo: toDo === undefined ? [] : [toDo],
  }
}

function sqlitePlans({ sqlite }: SeenMachine): readonly ProposedPlan[] {
  const groups = new Map<string, { unit?: string; paths: string[] }>()
  for (const { path, unit } of sqlite) {
    const key = unit ?? folderOf(path)
    const group = groups.get(key) ?? { ...(unit === undefined ? {} : { unit }), paths: [] }
    group.paths.push(path)
    groups.set(key, group)
  }
  return [...groups].map(([key, { unit, paths }]) => ({
    name: nameFrom(unit === undefined ? (key.split('/').at(-1) ?? key) : unit.replace(/\.service$/, '')),
    description: unit === undefined ? `SQLite in ${key}` : `SQLite of ${unit}`,
    ...(unit === undefined ? {} : { hold: { services: [`systemd:${unit}`] } }),
    holdBecause:
      unit === undefined
        ? []
        : ['It has the files open: stopped meanwhile, then started again, whatever happens.'],
    sources: [
      {
        name: 'database',
        source: { type: 'sqlite', paths: paths.toSorted(), ...(unit === undefined ? { live: true } : {}) },
        because:
          unit === undefined
            ? [
                'No service has it open now. SQLite itself copies one consistent state, whoever writes meanwhile.',
              ]
            : ['Copied by SQLite itself, and checked before and after.'],
      },
    ],
    ...{ leftOut: [], toDo: [] },
  }))
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'
