import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Manifest } from '../../core/backup.js'
import { Manifest as ManifestSchema } from '../../schemas/manifest.js'
import { item, manifest } from '../fakes/backups.js'

/** Fails to compile when one of the two learns a word that the other does not know. */
type DeepReadonly<T> = T extends (infer E)[]
  ? readonly DeepReadonly<E>[]
  : { readonly [K in keyof T]: DeepReadonly<T[K]> }
const fromCore = (written: Manifest): DeepReadonly<ManifestSchema> => written
const fromSchema = (read: ManifestSchema): Manifest => read

const validate = new Ajv2020({ strict: true, strictRequired: false, discriminator: true }).compile(
  ManifestSchema,
)

test('what the publisher writes is what the reader accepts', () => {
  const written = fromCore(
    manifest({
      description: 'before the upgrade',
      subsetOf: ['uploads'],
      holds: [
        {
          service: 'docker:web',
          mode: 'stop',
          stateBefore: 'running',
          stoppedAt: '2026-03-01T01:30:00.000Z',
          startedAt: '2026-03-01T01:31:00.000Z',
          downtimeMs: 60_000,
          health: 'held',
          heldBy: ['backup/blog/1'],
        },
      ],
      items: [
        item({
          hold: {
            services: ['docker:web'],
            mode: 'stop',
            maxDowntimeMs: 600_000,
            stopTimeoutMs: 30_000,
            onInconsistent: 'keep',
            healthyWithinMs: 60_000,
          },
          stages: ['zstd'],
          notCaptured: [{ path: '/srv/shop/uploads/a', cause: 'vanished' }],
          notCapturedCounts: { vanished: 1 },
        }),
      ],
    }),
  )

  expect([validate(written), validate.errors]).toEqual([true, null])
  expect(fromSchema(written as ManifestSchema)).toBe(written)
})

test('a later version may add facts', () => {
  expect(validate({ ...manifest(), colour: 'green', items: [{ ...item(), weight: 3 }] })).toBe(true)
})

test.each([
  ['without an id', { id: undefined }],
  ['of another format', { format: 'holdfast.manifest/2' }],
  ['with a verdict that there is not', { verdicts: { data: 'fine', services: 'ok' } }],
  ['with an item of a type that there is not', { items: [item({ spec: { type: 'tape' } as never })] }],
  ['with a digest that is none', { planSha256: 'abc' }],
  ['with a negative size', { items: [item({ objects: [{ ...item().objects[0]!, storedBytes: -1 }] })] }],
])('a manifest %s is refused', (_, change) => {
  expect(validate(JSON.parse(JSON.stringify({ ...manifest(), ...change })))).toBe(false)
})

test.each(['../x', '..', '.', '', 'a/b', '/a', 'a\nb', 'ü'])(
  'the name %j is not the name of an object',
  (name) => {
    expect(validate(manifest({ items: [item({ objects: [{ ...item().objects[0]!, name }] })] }))).toBe(false)
  },
)

test.each(['orders_20260301_013000.dump.zst', 'orders.my%20db_20260301_013000.a2.sql', 'a..b', "it's(1)"])(
  'the name %j is the name of an object',
  (name) => {
    expect(validate(manifest({ items: [item({ objects: [{ ...item().objects[0]!, name }] })] }))).toBe(true)
  },
)
