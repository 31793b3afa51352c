import { Type, type Static } from 'typebox'
import { duration, strict } from './common.js'

const scheduleOf = (description: string, timezone: string) =>
  strict(
    {
      cron: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'When to run, as five cron fields: minute, hour, day of month, month, day of week.',
          examples: ['30 2 * * *'],
        }),
      ),
      every: Type.Optional(duration('Run at this interval, instead of `cron`.', '24h')),
      timezone: Type.Optional(
        Type.String({ minLength: 1, description: timezone, examples: ['Europe/Berlin'] }),
      ),
      jitter: Type.Optional(duration('Start at a random moment up to this much later.', '5m')),
      catchUp: Type.Optional(
        duration('A run missed by at most this is made up for, once. Default: 6h.', '6h'),
      ),
      paused: Type.Optional(
        Type.Boolean({ description: 'Create the schedule, but paused. Default: false.', examples: [false] }),
      ),
    },
    description,
    { cron: '30 2 * * *', timezone: 'Europe/Berlin' },
  )

export const Schedule = scheduleOf(
  'When the plan runs by itself. Left out: only when asked.',
  'IANA time zone of `cron` and of retention. Default: UTC.',
)
export type Schedule = Static<typeof Schedule>

export const VerificationSchedule = scheduleOf(
  'When old backups are read again by themselves. Left out: only when asked.',
  'IANA time zone of `cron`. Default: that of the schedule of the plan.',
)
