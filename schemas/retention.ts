import { Type, type Static } from 'typebox'
import { duration, strict } from './common.js'
import { NAME_PATTERN } from './patterns.js'

const count = (description: string, example: number) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, description, examples: [example] }))

const rules = {
  keepLast: count('Keep the newest so many.', 7),
  keepHourly: count('Keep the newest of each hour, for so many hours that have one.', 24),
  keepDaily: count('Keep the newest of each day, for so many days that have one.', 14),
  keepWeekly: count('Keep the newest of each ISO week, for so many weeks that have one.', 8),
  keepMonthly: count('Keep the newest of each month, for so many months that have one.', 12),
  keepYearly: count('Keep the newest of each year, for so many years that have one.', 3),
  keepWithin: Type.Optional(duration('Keep all that are younger than this.', '30d')),
  quarantine: Type.Optional(
    duration(
      'How long a deleted backup stays, hidden, before it is removed: `holdfast backup undelete` brings it back. Default: 3d.',
      '3d',
    ),
  ),
  minimum: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: 'Never fewer good ones than this, whatever the rules say. Default: 1.',
      examples: [2],
    }),
  ),
}

const RetentionAtDestination = strict(
  rules,
  'Rules of one destination: each replaces the same rule of the plan, the others stay.',
  { keepMonthly: 36 },
)

export const Retention = strict(
  {
    ...rules,
    destinations: Type.Optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), RetentionAtDestination, {
        additionalProperties: false,
        description: 'Rules that differ at single destinations of the plan, by the name of the destination.',
        examples: [{ offsite: { keepMonthly: 36 } }],
      }),
    ),
  },
  'Which backups are kept: the union of all rules. Days, weeks, months and years are those of the time zone of the schedule.',
  { keepLast: 7, keepDaily: 14, keepMonthly: 12 },
)
export type Retention = Static<typeof Retention>
