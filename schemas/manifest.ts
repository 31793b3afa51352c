import { Type, type Static } from 'typebox'
import { HoldMode } from './holds.js'
import { NotCapturedCause } from './plan.js'
import { Source, type SourceType } from './sources.js'

// What is read from a destination was written by anyone, at any time: the shape is checked before a word of it is trusted.
// Keys that this version does not know are no mistake: a later one may add facts without becoming unreadable.

const text = (description: string) => Type.String({ description })
const count = (description: string) => Type.Integer({ minimum: 0, description })
const time = (description: string) =>
  Type.String({
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$',
    description,
  })
const sha256 = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description })
const literals = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description })

export const StoredObject = Type.Object(
  {
    name: Type.String({
      // A name inside one folder: what could lead out of it is refused here, once.
      pattern: '^[!-\\-0-~][!-.0-~]{0,999}$',
      description: 'Name inside the folder of the backup.',
    }),
    kind: literals(['sql', 'dump', 'tar', 'index', 'sqlite', 'globals.sql'], 'What the object is.'),
    part: Type.Optional(text('What it is one of, where an item has several objects: a database, a file.')),
    plainBytes: count('Bytes before compression.'),
    plainSha256: sha256('SHA-256 of the bytes before compression.'),
    storedBytes: count('Bytes as stored.'),
    storedSha256: sha256('SHA-256 of the bytes as stored.'),
  },
  { description: 'One stored object.' },
)

const HoldSpec = Type.Object(
  {
    services: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Canonical references, in the order in which the services stopped.',
    }),
    mode: HoldMode,
    maxDowntimeMs: count('How long they might be down.'),
    stopTimeoutMs: count('How long a service might take to stop by itself.'),
    onInconsistent: literals(['keep', 'fail'], 'What was to become of a backup whose hold did not last.'),
    healthyWithinMs: count('How long they might take to be healthy again.'),
  },
  { description: 'What the item was read under.' },
)

const texts = (description: string) => Type.Record(Type.String(), Type.String(), { description })

export const Item = Type.Object(
  {
    source: text('Name of the source in the plan.'),
    type: Type.Unsafe<SourceType>({ type: 'string', description: 'Type of the source.' }),
    spec: Source,
    hold: Type.Optional(HoldSpec),
    stages: Type.Array(literals(['zstd', 'gzip', 'encrypt'], 'One stage.'), {
      description: 'Stages that the bytes went through, in order.',
    }),
    objects: Type.Array(StoredObject, { description: 'Its objects.' }),
    counts: Type.Record(Type.String(), Type.Number(), { description: 'What was counted: files, tables …' }),
    notCaptured: Type.Array(
      Type.Object({ path: text('Path of the file.'), cause: NotCapturedCause }, { description: 'One file.' }),
      { description: 'What is not in the item as it was: the first thousand by name.' },
    ),
    notCapturedCounts: Type.Object(
      {
        vanished: Type.Optional(count('Gone before they were read.')),
        changed: Type.Optional(count('Changed while they were read.')),
        shrunk: Type.Optional(count('Became shorter while they were read.')),
        unreadable: Type.Optional(count('Could not be read.')),
      },
      { description: 'How many files are not in the item as they were, by cause.' },
    ),
    isConsistent: Type.Boolean({ description: 'Read while every service of its hold stood still.' }),
    startedAt: time('When reading began.'),
    completedAt: time('When reading ended.'),
    hints: texts('What a restore wants to know: version of the server, owner of the database …'),
    tools: texts('Versions of the tools that read it.'),
  },
  { description: 'The part of a backup that came from one source.' },
)

const HoldReport = Type.Object(
  {
    service: text('Canonical reference.'),
    mode: HoldMode,
    stateBefore: literals(['running', 'paused', 'stopped'], 'State before it was stopped.'),
    stoppedAt: time('When the stop was asked for.'),
    startedAt: Type.Optional(time('When the start counted.')),
    downtimeMs: Type.Optional(count('From the stop request to the start that counted.')),
    health: literals(['ok', 'unhealthy', 'held', 'not-restarted'], 'What became of it.'),
    heldBy: Type.Optional(Type.Array(Type.String(), { description: 'Other runs that keep it down.' })),
  },
  { description: 'What became of one service of a hold.' },
)

export const ManifestEncryption = Type.Object(
  {
    scheme: Type.Literal('tink-aes256-gcm-hkdf-1mib', {
      description: 'Tink streaming AEAD: AES256-GCM-HKDF, segments of 1 MiB.',
    }),
    keyIds: Type.Array(Type.String({ pattern: '^[0-9a-f]{2,128}$' }), {
      description: 'Ids of the keys that each open the backup.',
    }),
  },
  { description: 'How the backup is encrypted, and for which keys.' },
)

export const Manifest = Type.Object(
  {
    format: Type.Literal('holdfast.manifest/1', { description: 'Format and version of this document.' }),
    id: text('Id of the backup: UTC time, plan, six hex digits.'),
    site: text('Site that owns the backup.'),
    plan: text('Name of the plan.'),
    description: Type.Optional(text('What people said of it.')),
    host: Type.Object(
      {
        name: text('Name of the host.'),
        os: text('Its operating system.'),
        architecture: text('Its processor.'),
      },
      { description: 'Host that made the backup.' },
    ),
    versions: texts('Versions of Holdfast and of what it ran on.'),
    run: Type.Object(
      { workflowId: text('Workflow id.'), runId: text('Run id.') },
      { description: 'The Temporal run that made it.' },
    ),
    takenAt: time('Nominal time of the run.'),
    completedAt: time('When the manifest was written.'),
    verdicts: Type.Object(
      {
        data: literals(['complete', 'degraded', 'suspect', 'inconsistent'], 'How good the data is.'),
        services: literals(['ok', 'unhealthy', 'held', 'not-restarted'], 'What became of the services.'),
      },
      { description: 'The two verdicts.' },
    ),
    subsetOf: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Names of its sources, where it has only some of the plan’s.',
      }),
    ),
    suspectBecause: Type.Optional(
      Type.Array(Type.String(), { description: 'What is implausible about it, each in a sentence.' }),
    ),
    tolerate: Type.Array(NotCapturedCause, { description: 'Causes that the plan tolerated.' }),
    encryption: Type.Optional(ManifestEncryption),
    holds: Type.Array(HoldReport, { description: 'What became of the services.' }),
    items: Type.Array(Item, { description: 'Its items.' }),
    planText: text('Text of the plan file.'),
    planSha256: sha256('SHA-256 of that text.'),
  },
  {
    description:
      'What makes a backup self-describing. Written last, never changed: a backup is what has a manifest.',
  },
)
export type Manifest = Static<typeof Manifest>
