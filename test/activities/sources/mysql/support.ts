import type { RestoreTarget, SourceContext } from '../../../../activities/sources/driver.js'
import { mysql } from '../../../../activities/sources/mysql.js'
import type { Item } from '../../../../core/backup.js'
import { HoldfastError } from '../../../../core/errors.js'
import type { MysqlSource } from '../../../../schemas/sources.js'
import { MemorySink } from '../../../fakes/sink.js'
import type { MariadbServer } from '../../../support/mariadb.js'

export interface Captured {
  readonly item: Item
  readonly sink: MemorySink
}

export async function capture(source: MysqlSource, context: SourceContext): Promise<Captured> {
  const sink = new MemorySink()
  const result = await mysql.read(source, sink, context)
  const item: Item = {
    source: 'orders',
    type: 'mysql',
    spec: source,
    stages: [],
    objects: sink.objects,
    notCapturedCounts: {},
    isConsistent: true,
    startedAt: '2026-03-01T09:00:00Z',
    completedAt: '2026-03-01T09:00:01Z',
    ...result,
  }
  return { item, sink }
}

/** Stage and swap, as a restore run does. */
export async function restore({ item, sink }: Captured, target: RestoreTarget, context: SourceContext) {
  const moves = await mysql.stage(item, target, sink, context)
  const swapped = await mysql.swap(moves, context)
  return { moves, swapped }
}

export const sourceOn = (server: MariadbServer, more: Partial<MysqlSource> = {}): MysqlSource => ({
  type: 'mysql',
  connection: { host: server.host, port: server.port },
  password: { file: server.passwordFile },
  ...more,
})

export async function databasesLike(server: MariadbServer, beginning: string): Promise<string[]> {
  const listed = await server.run('SHOW DATABASES')
  return listed.split('\n').filter((name) => name.startsWith(beginning))
}

export async function failureOf(work: Promise<unknown>): Promise<HoldfastError> {
  const error = await work.then(
    () => new Error('It succeeded.'),
    (failure: unknown) => failure,
  )
  if (error instanceof HoldfastError) return error
  throw error
}
