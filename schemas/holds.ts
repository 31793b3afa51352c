import { Type, type Static } from 'typebox'
import { ServiceReference, choice, duration, strict } from './common.js'
import { LABEL_PATTERN, MOST_SERVICES, SERVICE_PATTERN, VOLUME_PATTERN } from './patterns.js'

export const HoldMode = choice(
  ['stop', 'pause'],
  'How services are kept still: stopped, or paused (frozen in memory). Default: stop.',
  'stop',
)
export type HoldMode = Static<typeof HoldMode>

export const ServiceSelector = Type.Object(
  {
    label: Type.Optional(
      Type.String({
        pattern: LABEL_PATTERN,
        description: 'Every Docker container that has this label: `key=value`, or `key` with whatever value.',
        examples: ['holdfast.plan=shop'],
      }),
    ),
    usesVolume: Type.Optional(
      Type.String({
        pattern: VOLUME_PATTERN,
        description: 'Every Docker container that mounts this volume.',
        examples: ['shop_uploads'],
      }),
    ),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    description: 'Docker containers by what they have, found on the host by each run.',
    examples: [{ label: 'holdfast.plan=shop' }],
  },
)
export type ServiceSelector = Static<typeof ServiceSelector>

export const HeldServices = Type.Union([ServiceReference, ServiceSelector], {
  description: 'A service by its reference, or Docker containers by a label or a volume.',
  examples: ['docker:shop-web'],
})
export type HeldServices = Static<typeof HeldServices>

export const Hold = strict(
  {
    services: Type.Array(HeldServices, {
      minItems: 1,
      maxItems: MOST_SERVICES,
      description:
        'Services kept still while sources are read, in the order in which they stop where nothing else is known; they start in the reverse order.',
      examples: [['docker:shop-web', 'docker:shop-worker']],
    }),
    after: Type.Optional(
      Type.Record(
        Type.String({ pattern: SERVICE_PATTERN }),
        Type.Array(ServiceReference, {
          minItems: 1,
          maxItems: MOST_SERVICES,
          description: 'What it needs.',
          examples: [['docker:shop-db']],
        }),
        {
          additionalProperties: false,
          description:
            'What a service of the hold needs, besides what its runtime says: it stops before these, and starts after them.',
          examples: [{ 'docker:shop-web': ['docker:shop-db'] }],
        },
      ),
    ),
    mode: Type.Optional(HoldMode),
    maxDowntime: Type.Optional(
      duration(
        'At this limit the services come back whatever happens, and the backup is marked inconsistent. Default: 10m.',
        '2m',
      ),
    ),
    stopTimeout: Type.Optional(
      duration('How long a service may take to stop by itself. Default: 30s.', '30s'),
    ),
    onInconsistent: Type.Optional(
      choice(
        ['keep', 'fail'],
        'What becomes of a backup whose hold did not last: kept with an alarm, or the run fails. Default: keep.',
        'keep',
      ),
    ),
    healthy: Type.Optional(
      strict(
        {
          within: duration(
            'After the start: running, and healthy where there is a health check, within this time. Default: 60s.',
            '60s',
          ),
        },
        'What is expected of the services after they were started again.',
        { within: '60s' },
      ),
    ),
  },
  'Services kept still while sources are read.',
  { services: ['docker:shop-web', 'docker:shop-worker'], maxDowntime: '2m' },
)
export type Hold = Static<typeof Hold>
