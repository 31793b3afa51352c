import { Type, type Static } from 'typebox'
import { choice, duration, name, strict } from './common.js'
import { NAME_PATTERN } from './patterns.js'
import { Hold } from './holds.js'
import { Retention } from './retention.js'
import { Schedule } from './schedule.js'
import { Source } from './sources.js'
import { Plausibility, Verification } from './verification.js'

export const Compression = strict(
  {
    algorithm: choice(['zstd', 'gzip', 'none'], 'zstd, gzip or none.', 'zstd'),
    level: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 19,
        description: 'How hard to compress: zstd 1 to 19 (default 3), gzip 1 to 9 (default 6).',
        examples: [3],
      }),
    ),
  },
  'How items are compressed. Default: zstd, level 3.',
  { algorithm: 'zstd', level: 3 },
)
export type Compression = Static<typeof Compression>

const Objectives = strict(
  {
    freshness: Type.Optional(
      duration('An alarm while the newest good backup is older than this, or while there is none.', '26h'),
    ),
  },
  'What the backups of the plan are to be. Watched at the destinations, also when nothing runs.',
  { freshness: '26h' },
)

export const Encryption = Type.Union(
  [
    strict(
      {
        keys: Type.Array(name('Name of a key of holdfast.yaml.', 'main'), {
          minItems: 1,
          maxItems: 10,
          uniqueItems: true,
          description: 'Names of keys of holdfast.yaml: each of them alone opens the backups.',
          examples: [['main', 'recovery']],
        }),
      },
      'Encrypt for these keys.',
      { keys: ['main', 'recovery'] },
    ),
    Type.Literal('none', { description: 'Do not encrypt.', examples: ['none'] }),
  ],
  {
    description: 'Whom the backups are encrypted for: `{ keys: [NAME…] }`, or `none`. Default: none.',
    examples: [{ keys: ['main', 'recovery'] }],
  },
)
export type Encryption = Static<typeof Encryption>

export const NotCapturedCause = choice(
  ['vanished', 'changed', 'shrunk', 'unreadable'],
  'Why a file was not captured as it was.',
  'vanished',
)
export type NotCapturedCause = Static<typeof NotCapturedCause>

/** What a plan may leave to `defaults` of holdfast.yaml. */
export const planDefaults = {
  host: Type.Optional(name('Host whose worker runs the plan. Default: the host of holdfast.yaml.', 'nas')),
  schedule: Type.Optional(Schedule),
  hold: Type.Optional(Hold),
  format: Type.Optional(
    Type.Literal('archive', {
      description: 'archive: plain files that anyone can open. Default: archive.',
      examples: ['archive'],
    }),
  ),
  compression: Type.Optional(Compression),
  encryption: Type.Optional(Encryption),
  destinations: Type.Optional(
    Type.Array(name('Name of a destination of holdfast.yaml.', 'disk'), {
      minItems: 1,
      maxItems: 10,
      uniqueItems: true,
      description:
        'Where the backups go: names of destinations of holdfast.yaml. The first receives what is read; the others get copies after the services are back.',
      examples: [['disk', 'offsite']],
    }),
  ),
  retention: Type.Optional(Retention),
  verification: Type.Optional(Verification),
  plausibility: Type.Optional(Plausibility),
  objectives: Type.Optional(Objectives),
  timeout: Type.Optional(
    duration('Limit of the whole run, up to its copies, which have limits of their own. Default: 6h.', '6h'),
  ),
  retry: Type.Optional(
    strict(
      {
        attempts: Type.Integer({
          minimum: 1,
          maximum: 10,
          description: 'How often the whole set is tried. Default: 3.',
          examples: [3],
        }),
      },
      'How often a set that failed is captured again, under a new hold.',
      { attempts: 3 },
    ),
  ),
  tolerate: Type.Optional(
    Type.Array(NotCapturedCause, {
      uniqueItems: true,
      description: 'A backup that is degraded only by these causes counts as good. Default: [vanished].',
      examples: [['vanished', 'changed']],
    }),
  ),
}

export const PlanFile = strict(
  {
    version: Type.Literal(1, { description: 'Version of the plan language.', examples: [1] }),
    plan: name('Name of the plan: lower-case letters, digits and dashes.', 'shop'),
    description: Type.Optional(
      Type.String({
        maxLength: 500,
        description: 'What the plan is for, in a sentence.',
        examples: ['Web shop with its database and uploads'],
      }),
    ),
    ...planDefaults,
    sources: Type.Record(Type.String({ pattern: NAME_PATTERN }), Source, {
      minProperties: 1,
      maxProperties: 100,
      additionalProperties: false,
      examples: [{ uploads: { type: 'files', paths: ['/srv/shop/uploads'] } }],
      description:
        'What is read, by name. All that is not `live` is read under one hold: one consistent set.',
    }),
  },
  'A plan: what to back up, which services stand still meanwhile, where to, how long to keep it.',
)
export type PlanFile = Static<typeof PlanFile>
