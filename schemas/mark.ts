import { Type, type Static } from 'typebox'

// As with manifests: whoever can write to a destination can write these. The shape is checked before a word is trusted.

const literals = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description })

const head = {
  format: Type.Literal('holdfast.mark/1', { description: 'Format and version of this document.' }),
  backupId: Type.String({ description: 'The backup that is marked.' }),
  site: Type.String({ description: 'Site that marked it.' }),
  host: Type.String({ description: 'Host that wrote the mark.' }),
  at: Type.String({
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$',
    description: 'When, by the clock of the host.',
  }),
}
const because = Type.Optional(Type.String({ maxLength: 500, description: 'Why, in the words of a person.' }))
const destination = Type.String({ description: 'The one destination that it speaks of.' })

const of = <const K extends string, P extends Parameters<typeof Type.Object>[0]>(
  kind: K,
  properties: P,
  description: string,
) => Type.Object({ ...head, kind: Type.Literal(kind), ...properties }, { description })

/** What happened to a backup later. Only ever added, never changed. */
export const Mark = Type.Union([
  of('pinned', { because }, 'Kept, whatever the rules say.'),
  of('unpinned', { because }, 'Not kept against the rules any more.'),
  of('accepted', { because }, 'A person says that it is right, although its size is not what it used to be.'),
  of(
    'verified',
    { destination, depth: literals(['readBack', 'checksum'], 'How deep it was looked into.') },
    'Read back, and as it was recorded.',
  ),
  of(
    'damaged',
    { destination, problem: Type.String({ maxLength: 2000, description: 'What is wrong with it.' }) },
    'Read back, and not as it was recorded.',
  ),
  of(
    'expired',
    {
      because,
      by: literals(['retention', 'person'], 'Who says that it goes.'),
      quarantineMs: Type.Integer({
        minimum: 0,
        description: 'How long it stays, hidden, before it is removed: counted by the clock of the store.',
      }),
    },
    'Deleted: hidden now, removed after its quarantine.',
  ),
  of(
    'undeleted',
    { cancels: Type.Array(Type.String(), { description: 'Names of the marks that it cancels.' }) },
    'Brought back.',
  ),
])
export type Mark = Static<typeof Mark>
