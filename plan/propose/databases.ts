import type { SeenContainer } from './facts.js'

export type DatabaseFamily = 'postgres' | 'mysql'

const NAMES: Readonly<Record<DatabaseFamily, RegExp>> = {
  postgres: /postgres|postgis|timescale|pgvector/,
  mysql: /mysql|mariadb|percona/,
}
/** Images that have a database in their name, and none inside. */
const BESIDE = /admin|backup|bouncer|client|dump|exporter|operator|pool|proxy|rest|adminer|migrat/
/** What the servers' own images are told; clients have `…_HOST` beside it. */
const VARIABLES: Readonly<Record<DatabaseFamily, RegExp>> = {
  postgres: /^(PGDATA|POSTGRES_PASSWORD(_FILE)?|POSTGRES_HOST_AUTH_METHOD|POSTGRESQL_PASSWORD)$/,
  mysql: /^(MYSQL|MARIADB)_(ROOT_PASSWORD(_FILE)?|RANDOM_ROOT_PASSWORD|ALLOW_EMPTY_(ROOT_)?PASSWORD)$/,
}
const PORTS: Readonly<Record<DatabaseFamily, number>> = { postgres: 5432, mysql: 3306 }
const DATA: Readonly<Record<DatabaseFamily, RegExp>> = {
  postgres: /^\/(var\/lib\/(postgresql|pgsql)|bitnami\/postgresql|data\/db|home\/postgres)/,
  mysql: /^\/(var\/lib\/(mysql|percona)|bitnami\/(mysql|mariadb)|config\/databases)/,
}

/** Whether a container is a database server: by the name of its image, or by port and names of variables together. */
export function familyOf({ image, ports, variables }: SeenContainer): DatabaseFamily | undefined {
  const last = (image.split('/').at(-1) ?? '').replace(/[@:].*$/, '').toLowerCase()
  const isBeside = BESIDE.test(last)
  const families: readonly DatabaseFamily[] = ['postgres', 'mysql']
  return families.find(
    (family) =>
      (!isBeside && NAMES[family].test(last)) ||
      (ports.includes(PORTS[family]) && variables.some((name) => VARIABLES[family].test(name))),
  )
}

/** Whether a path in such a container is where the server keeps its data. */
export const isDataOf = (family: DatabaseFamily, path: string): boolean => DATA[family].test(path)

/** Whether the server has an account of its own name instead of the usual one; its name is a value, which nobody reads. */
export const hasOwnUser = (family: DatabaseFamily, { variables }: SeenContainer): boolean =>
  family === 'postgres' &&
  variables.some((name) => /^(POSTGRES_USER(_FILE)?|POSTGRESQL_USERNAME)$/.test(name))

/** PostgreSQL's images trust whoever is inside; MySQL's ask for the password of root there, unless they are told to have none. */
export const needsPassword = (family: DatabaseFamily, { variables }: SeenContainer): boolean =>
  family === 'mysql' && !variables.some((name) => /ALLOW_EMPTY(_ROOT)?_PASSWORD$/.test(name))
