import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadResult, RestoreTarget, SourceContext } from '../../../../activities/sources/driver.js'
import { postgres } from '../../../../activities/sources/postgres.js'
import type { Item } from '../../../../core/backup.js'
import type { PostgresSource } from '../../../../schemas/sources.js'
import { MemorySink } from '../../../fakes/sink.js'
import { placeWith, sourceContext } from '../../../fakes/source-context.js'
import type { PostgresServer } from '../../../support/postgres.js'

export interface Captured {
  readonly item: Item
  readonly sink: MemorySink
}

export async function capture(source: PostgresSource, context: SourceContext): Promise<Captured> {
  const sink = new MemorySink()
  const result = await postgres.read(source, sink, context)
  return { item: itemOf(source, sink, result), sink }
}

const itemOf = (source: PostgresSource, sink: MemorySink, result: ReadResult): Item => ({
  source: 'orders',
  type: 'postgres',
  spec: source,
  stages: [],
  objects: sink.objects,
  notCapturedCounts: {},
  isConsistent: true,
  startedAt: '2026-03-01T09:00:00Z',
  completedAt: '2026-03-01T09:00:01Z',
  ...result,
})

/** Stage and swap, as a restore run does. */
export async function restore({ item, sink }: Captured, target: RestoreTarget, context: SourceContext) {
  const moves = await postgres.stage(item, target, sink, context)
  const swapped = await postgres.swap(moves, context)
  return { moves, swapped }
}

export const sourceOn = (server: PostgresServer, more: Partial<PostgresSource> = {}): PostgresSource => ({
  type: 'postgres',
  connection: { host: server.host, port: server.port },
  user: server.superuser,
  password: { file: server.passwordFile },
  ...more,
})

/** Databases whose names begin so, sorted. */
export const databasesLike = async (server: PostgresServer, beginning: string): Promise<string[]> =>
  JSON.parse(
    await server.run(
      `SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database
       WHERE starts_with(datname, '${beginning.replaceAll("'", "''")}')`,
    ),
  ) as string[]

export interface Scratch {
  readonly folder: string
  /** A place whose PATH begins with programs of ours, each a shell script. */
  place(programs: Readonly<Record<string, string>>): Promise<SourceContext>
  context(signal?: AbortSignal): SourceContext
  remove(): Promise<void>
}

export async function makeScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-postgres-test-'))
  let places = 0
  return {
    folder,
    context: (signal) =>
      sourceContext({
        scratchFolder: folder,
        sourceName: 'orders',
        ...(signal === undefined ? {} : { signal }),
      }),
    place: async (programs) => {
      const bin = join(folder, `bin-${places++}`)
      await mkdir(bin)
      for (const [name, script] of Object.entries(programs)) {
        await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
        await chmod(join(bin, name), 0o755)
      }
      const shell = placeWith('docker:db', `${bin}:${process.env['PATH'] ?? ''}`)
      return sourceContext({ scratchFolder: folder, sourceName: 'orders', shells: { 'docker:db': shell } })
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
