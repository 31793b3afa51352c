import { DEFAULT_PORTS, type ServerDatabase } from '../../core/server-databases.js'
import type { SeenContainer } from './facts.js'

const NAMES: Readonly<Record<ServerDatabase, RegExp>> = {
  postgres: /postgres|postgis|timescale|pgvector/,
  mysql: /mysql|mariadb|percona/,
}
/** Images that have a database in their name, and none inside. */
const BESIDE = /admin|backup|bouncer|client|dump|exporter|operator|pool|proxy|rest|adminer|migrat/
/** What the servers' own images are told; clients have `…_HOST` beside it. */
const VARIABLES: Readonly<Record<ServerDatabase, RegExp>> = {
  postgres: /^(PGDATA|POSTGRES_PASSWORD(_FILE)?|POSTGRES_HOST_AUTH_METHOD|POSTGRESQL_PASSWORD)$/,
  mysql: /^(MYSQL|MARIADB)_(ROOT_PASSWORD(_FILE)?|RANDOM_ROOT_PASSWORD|ALLOW_EMPTY_(ROOT_)?PASSWORD)$/,
}
const DATA: Readonly<Record<ServerDatabase, RegExp>> = {
  postgres: /^\/(var\/lib\/(postgresql|pgsql)|bitnami\/postgresql|data\/db|home\/postgres)/,
  mysql: /^\/(var\/lib\/(mysql|percona)|bitnami\/(mysql|mariadb)|config\/databases)/,
}

/** Whether a container is a database server: by the name of its image, or by port and names of variables together. */
export function familyOf({ image, ports, variables }: SeenContainer): ServerDatabase | undefined {
  const last = (image.split('/').at(-1) ?? '').replace(/[@:].*$/, '').toLowerCase()
  const isBeside = BESIDE.test(last)
  const families: readonly ServerDatabase[] = ['postgres', 'mysql']
  return families.find(
    (family) =>
      (!isBeside && NAMES[family].test(last)) ||
      (ports.includes(DEFAULT_PORTS[family]) && variables.some((name) => VARIABLES[family].test(name))),
  )
}

/** Whether a path in such a container is where the server keeps its data. */
export const isDataOf = (family: ServerDatabase, path: string): boolean => DATA[family].test(path)

/** Whether the server has an account of its own name instead of the usual one; its name is a value, which nobody reads. */
export const hasOwnUser = (family: ServerDatabase, { variables }: SeenContainer): boolean =>
  family === 'postgres' &&
  variables.some((name) => /^(POSTGRES_USER(_FILE)?|POSTGRESQL_USERNAME)$/.test(name))

/** PostgreSQL's images trust whoever is inside; MySQL's ask for the password of root there, unless they are told to have none. */
export const needsPassword = (family: ServerDatabase, { variables }: SeenContainer): boolean =>
  family === 'mysql' && !variables.some((name) => /ALLOW_EMPTY(_ROOT)?_PASSWORD$/.test(name))
