import { Type, type Static } from 'typebox'
import { choice, strict } from './common.js'
import { PERCENT_PATTERN } from './patterns.js'
import { VerificationSchedule } from './schedule.js'

const percent = (description: string, example: string) =>
  Type.String({ pattern: PERCENT_PATTERN, description, examples: [example] })

export const Verification = strict(
  {
    afterBackup: Type.Optional(
      choice(
        ['readBack', 'checksum'],
        'After each backup: readBack reads all of it, decompresses it and looks into it; checksum compares the stored bytes with their digest, and no more.',
        'readBack',
      ),
    ),
    schedule: Type.Optional(VerificationSchedule),
    sample: Type.Optional(
      Type.Union(
        [
          percent('So much of the backups at each destination, one at least.', '10%'),
          Type.Integer({
            minimum: 1,
            maximum: 1000,
            description: 'So many backups at each destination.',
            examples: [3],
          }),
        ],
        {
          description:
            'How many backups each scheduled verification reads, whole: a share such as 10%, or a number. Those come first that nobody has read for longest. Default: 100%.',
          examples: ['10%'],
        },
      ),
    ),
  },
  'When backups are read again and compared with what was recorded. Left out: only when asked.',
  { afterBackup: 'readBack', schedule: { cron: '0 5 * * 0' }, sample: '10%' },
)
export type Verification = Static<typeof Verification>

export const Plausibility = Type.Union(
  [
    Type.Literal('off', { description: 'Every backup is believed.', examples: ['off'] }),
    strict(
      {
        size: Type.Optional(percent('Least size, of the median. Default: 50%.', '50%')),
        count: Type.Optional(percent('Least number of files, tables …, of the median. Default: 50%.', '50%')),
      },
      'A backup of which a source has less is suspect.',
      { size: '50%', count: '50%' },
    ),
  ],
  {
    description:
      'How much less than the median of the last five good backups a source may have. Below, the backup is `suspect`: kept, with an alarm, and not good until `holdfast backup accept`. Or `off`.',
    examples: [{ size: '50%', count: '50%' }],
  },
)
export type Plausibility = Static<typeof Plausibility>
