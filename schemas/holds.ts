import { Type, type Static } from 'typebox'
import { ServiceReference, choice, duration, strict } from './common.js'

export const HoldMode = choice(
  ['stop', 'pause'],
  'How services are kept still: stopped, or paused (frozen in memory). Default: stop.',
  'stop',
)
export type HoldMode = Static<typeof HoldMode>

export const Hold = strict(
  {
    services: Type.Array(ServiceReference, {
      minItems: 1,
      maxItems: 50,
      description:
        'Services kept still while sources are read, in the order in which they stop; they start in the reverse order.',
      examples: [['docker:shop-web', 'docker:shop-worker']],
    }),
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
