import { createDockerClient } from '../../activities/services/docker-client.js'
import type { Shell } from '../../activities/services/driver.js'
import { tarVersion } from '../../activities/sources/file-tree/preflight.js'
import { findTools as findMysqlTools } from '../../activities/sources/mysql/tools.js'
import { findTools as findPostgresTools } from '../../activities/sources/postgres/tools.js'
import { findEngine } from '../../activities/sources/sqlite/engine.js'
import type { ToolFacts } from '../../core/doctor/this-host.js'
import { told } from '../../core/doctor/told.js'
import type { ToolWish, WantedTool } from '../../core/doctor/wanted.js'
import { HoldfastError } from '../../core/errors.js'

interface Place {
  /** The host's. */
  readonly shell: Shell
  readonly environment: NodeJS.ProcessEnv
}

/** Which versions of what is wished for this host has. What is missing is told, with what to install. */
export const lookForTools = (
  wishes: readonly ToolWish[],
  place: Place,
  signal: AbortSignal,
): Promise<readonly ToolFacts[]> =>
  Promise.all(
    wishes.map(async ({ tool, plans }) => ({ tool, plans, found: await told(LOOKS[tool](place, signal)) })),
  )

const LOOKS: { readonly [T in WantedTool]: (place: Place, signal: AbortSignal) => Promise<string> } = {
  tar: ({ shell }, signal) => tarVersion({ shell: () => shell, signal }),
  postgres: async ({ shell }, signal) => {
    const [dumps, clients] = await Promise.all([
      findPostgresTools(shell, { name: 'pg_dump', place: 'host', isEnough: () => false }, signal),
      findPostgresTools(shell, { name: 'psql', place: 'host', isEnough: () => true }, signal),
    ])
    if (dumps.length === 0 || clients.length === 0)
      throw missing(dumps.length === 0 ? 'pg_dump' : 'psql', 'postgresql-client')
    return `pg_dump ${versionsOf(dumps)}, psql ${versionsOf(clients)}`
  },
  mysql: async ({ shell }, signal) => {
    const [dumps, clients] = await Promise.all([
      findMysqlTools(shell, 'dump', signal),
      findMysqlTools(shell, 'client', signal),
    ])
    if (dumps.length === 0 || clients.length === 0)
      throw missing(dumps.length === 0 ? 'mysqldump' : 'mysql', 'mariadb-client')
    return [...new Set(dumps.map(({ flavour, version }) => `${flavour} ${version}`))].join(', ')
  },
  sqlite: async ({ shell }, signal) => (await findEngine(shell, signal)).version,
  docker: async ({ environment }, signal) => {
    const client = createDockerClient(environment['DOCKER_HOST'] || undefined)
    const { Version } = await client.ask((docker) => docker.version(), { signal })
    return `${Version}, at ${client.host}`
  },
  systemd: async ({ shell }, signal) => firstLine(await shell.run(['systemctl', '--version'], { signal })),
  lxc: async ({ shell }, signal) => firstLine(await shell.run(['lxc-info', '--version'], { signal })),
}

const versionsOf = (tools: readonly { readonly version: string }[]): string =>
  [...new Set(tools.map(({ version }) => version))].join(' and ')

const firstLine = ({ stdout }: { readonly stdout: string }): string => stdout.trim().split('\n')[0] ?? ''

const missing = (program: string, debianPackage: string): HoldfastError =>
  new HoldfastError('source.tool-missing', `Program "${program}" was not found on this host.`, {
    hint: `Install it: on Debian, apt-get install ${debianPackage}.`,
  })
