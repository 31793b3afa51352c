import { readdir, stat } from 'node:fs/promises'
import type { SeenServer } from '../../plan/propose/facts.js'

/** Where packages put the sockets of their servers. */
const POSTGRES_FOLDERS = ['/var/run/postgresql', '/tmp']
const MYSQL_SOCKETS = ['/run/mysqld/mysqld.sock', '/var/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock']

/** Database servers of the host itself, by their sockets: nothing is asked of them. */
export async function lookForServers(): Promise<readonly SeenServer[]> {
  const postgres = await Promise.all(POSTGRES_FOLDERS.map(postgresIn))
  const sockets = await Promise.all(
    MYSQL_SOCKETS.map(async (path) => ({ path, isThere: await isSocket(path) })),
  )
  const mysql = sockets.find(({ isThere }) => isThere)
  return [
    ...postgres.flat(),
    ...(mysql === undefined ? [] : [{ family: 'mysql' as const, socket: mysql.path }]),
  ]
}

async function postgresIn(folder: string): Promise<readonly SeenServer[]> {
  const names = await readdir(folder).catch(() => [])
  return names.flatMap((name) => {
    const port = /^\.s\.PGSQL\.(\d+)$/.exec(name)?.[1]
    return port === undefined ? [] : [{ family: 'postgres', socket: folder, port: Number(port) } as const]
  })
}

const isSocket = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isSocket(),
    () => false,
  )
