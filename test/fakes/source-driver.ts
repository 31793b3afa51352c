import type { SourceContext, SourceDriver } from '../../activities/sources/driver.js'
import type { SourceDrivers } from '../../activities/with-driver.js'
import type { StagedMove } from '../../core/work/restore.js'
import type { SourceType } from '../../schemas/sources.js'

/** What fake drivers did, as `swap uploads`, and how they fail. */
export interface FakeDrivers {
  readonly drivers: SourceDrivers
  readonly calls: string[]
  /** What swaps have put aside. */
  readonly safetyCopies: Set<string>
  /** What rehearsals count. Left out: what was captured. */
  restored?: Readonly<Record<string, number>>
  /** Thrown by the calls that it answers an error for. */
  failOn?: (call: string) => Error | undefined
}

const move = (source: string): StagedMove => ({
  kind: 'path',
  target: `/srv/${source}`,
  staged: `/srv/.${source}.new`,
  safety: `/srv/.${source}.old`,
})

/** Drivers of every type that do nothing but remember; `stage` reads all that it is given. */
export function fakeDrivers(): FakeDrivers {
  const calls: string[] = []
  const record = (verb: string, { sourceName, signal }: SourceContext) => {
    signal.throwIfAborted()
    calls.push(`${verb} ${sourceName}`)
    const failure = fake.failOn?.(`${verb} ${sourceName}`)
    if (failure) throw failure
  }
  const driver: SourceDriver<SourceType> = {
    preflight: async (_, context) => record('preflight', context),
    read: () => Promise.reject(new Error('Nothing is read in these tests')),
    preview: async (item, _, context) => {
      record('preview', context)
      return {
        source: item.source,
        type: item.type,
        effects: [`replaces /srv/${item.source}`],
        bytes: 9,
        notCaptured: 0,
      }
    },
    stage: async (item, _, objects, context) => {
      record('stage', context)
      for (const object of item.objects) await objects.open(object).toArray()
      return [move(item.source)]
    },
    inspect: async (_, object, objects, context) => {
      record('inspect', context)
      await objects.open(object).toArray()
    },
    swap: async (_, context) => {
      record('swap', context)
      const { sourceName } = context
      const safety = `/srv/.${sourceName}.old`
      fake.safetyCopies.add(safety)
      return { safetyCopies: [safety], restored: [`/srv/${sourceName}`], kept: [safety] }
    },
    kept: async (moves, context) => {
      record('kept', context)
      return moves.flatMap(({ safety }) => (fake.safetyCopies.has(safety) ? [safety] : []))
    },
    rehearse: async (item, _, { objects, context }) => {
      record('rehearse', context)
      for (const object of item.objects) await objects.open(object).toArray()
      return fake.restored ?? item.counts
    },
    forget: async (_, __, context) => record('forget', context),
    discard: async (_, context) => record('discard', context),
  }
  const drivers = {
    files: driver,
    volume: driver,
    postgres: driver,
    mysql: driver,
    sqlite: driver,
  } as unknown as SourceDrivers
  const fake: FakeDrivers = { drivers, calls, safetyCopies: new Set() }
  return fake
}
