import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type {
  ObjectReader,
  ObjectSink,
  SourceContext,
  SourceDriver,
} from '../../activities/sources/driver.js'
import type { Item } from '../../core/backup.js'
import type { SourceOf, SourceType } from '../../schemas/sources.js'
import { MemorySink } from '../fakes/sink.js'

export interface SourceUnderTest<T extends SourceType> {
  readonly source: SourceOf<T>
  readonly context: SourceContext
  /** `absent`: it restores only what is not there, so that nothing is ever put aside. Left out: it replaces. */
  readonly restores?: 'absent'
  /** What the source holds now, for comparison. */
  content(): Promise<unknown>
  /** Names of all databases of its server, where it has one. */
  databases?(): Promise<string>
  /** Changes it, so that a restore has something to undo. */
  change(): Promise<void>
  dispose(): Promise<void>
}

/** What every source promises, whatever it reads. */
export function describeSource<T extends SourceType>(
  type: T,
  driver: SourceDriver<T>,
  make: () => Promise<SourceUnderTest<T>>,
): void {
  describe(`${type} keeps the contract of sources`, () => {
    let tested: SourceUnderTest<T>
    beforeEach(async () => (tested = await make()))
    afterEach(() => tested.dispose())

    const backUp = async (): Promise<{ item: Item; objects: ObjectReader }> => {
      const sink = new MemorySink()
      const result = await driver.read(tested.source, sink, tested.context)
      const item: Item = {
        source: 'item',
        type,
        spec: tested.source,
        stages: [],
        objects: sink.objects,
        notCapturedCounts: {},
        isConsistent: true,
        startedAt: '2026-03-01T09:00:00.000Z',
        completedAt: '2026-03-01T09:00:01.000Z',
        ...result,
      }
      return { item, objects: sink }
    }
    const target = { restoreId: '20260301-090000-shop-7f3a2c/1' }

    it('finds nothing wrong before, and changes nothing', async () => {
      const before = await tested.content()

      await driver.preflight(tested.source, tested.context)

      expect(await tested.content()).toEqual(before)
    })

    it('brings back what it read', async () => {
      const before = await tested.content()
      const { item, objects } = await backUp()
      await tested.change()

      await driver.preview(item, target, tested.context)
      const moves = await driver.stage(item, target, objects, tested.context)
      const { restored } = await driver.swap(moves, tested.context)

      expect(await tested.content()).toEqual(before)
      expect(restored.length).toBeGreaterThan(0)
    })

    it('touches nothing before the swap', async () => {
      // Nobody uses what is not there: it may come into being before.
      if (tested.restores === 'absent') return
      const { item, objects } = await backUp()
      await tested.change()
      const changed = await tested.content()

      await driver.preview(item, target, tested.context)
      await driver.stage(item, target, objects, tested.context)

      expect(await tested.content()).toEqual(changed)
    })

    it('rehearses a restore beside what is in use, counts all that it read, and leaves nothing', async () => {
      const { item, objects } = await backUp()
      await tested.change()
      const changed = await tested.content()
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-rehearsal-'))
      const work = { objects, context: tested.context }
      const databases = await tested.databases?.()

      try {
        const place = { rehearsalId: 'rehearsal/20260301-090000-shop-7f3a2c', folder: join(folder, '1') }
        const counts = await driver.rehearse(item, place, work)
        // As after a worker that was killed: another folder, the same id.
        const again = await driver.rehearse(item, { ...place, folder: join(folder, '2') }, work)
        await driver.forget(item, place, tested.context)
        await driver.forget(item, place, tested.context)

        expect(counts).toEqual(item.counts)
        expect(again).toEqual(item.counts)
        expect(await tested.content()).toEqual(changed)
        expect(await tested.databases?.()).toEqual(databases)
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    it('swaps twice, and undoes twice', async () => {
      const { item, objects } = await backUp()
      await tested.change()
      const changed = await tested.content()
      const moves = await driver.stage(item, target, objects, tested.context)

      await driver.swap(moves, tested.context)
      await driver.swap(moves, tested.context)
      await driver.discard(moves, tested.context)
      await driver.discard(moves, tested.context)

      expect(await tested.content()).toEqual(changed)
    })

    it('knows what an undo needs, from the swap on until it was undone', async () => {
      const { item, objects } = await backUp()
      await tested.change()
      const moves = await driver.stage(item, target, objects, tested.context)

      const before = await driver.kept(moves, tested.context)
      const { kept } = await driver.swap(moves, tested.context)
      const after = await driver.kept(moves, tested.context)
      await driver.discard(moves, tested.context)
      const undone = await driver.kept(moves, tested.context)

      expect(before).toEqual([])
      if (tested.restores !== 'absent') expect(kept.length).toBeGreaterThan(0)
      expect(moves.map(({ safety }) => safety)).toEqual(expect.arrayContaining([...kept]))
      expect(after).toEqual(kept)
      expect(undone).toEqual([])
    })

    it('can be restored again after it was undone', async () => {
      const before = await tested.content()
      const { item, objects } = await backUp()
      await tested.change()
      await driver.discard(await driver.stage(item, target, objects, tested.context), tested.context)

      await driver.swap(await driver.stage(item, target, objects, tested.context), tested.context)

      expect(await tested.content()).toEqual(before)
    })

    it('makes no item when the destination fails', async () => {
      const full: ObjectSink = {
        store: async (_object, body: Readable) => {
          body.destroy()
          throw new Error('the disk is full')
        },
      }

      await expect(driver.read(tested.source, full, tested.context)).rejects.toThrow('the disk is full')
    })
  })
}
