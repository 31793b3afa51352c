import { secretInWords, wantedSecrets, wantedTools } from '../../../core/doctor/wanted.js'
import type { SourceSet } from '../../../core/job.js'
import type { Source } from '../../../schemas/sources.js'

const set = (source: Source, ...services: string[]) =>
  ({
    sources: [{ name: 'one', source }],
    ...(services.length === 0 ? {} : { hold: { services } }),
  }) as unknown as SourceSet

test.each<[string, SourceSet, readonly string[]]>([
  ['files', set({ type: 'files', paths: ['/a'] }), ['tar']],
  ['a volume', set({ type: 'volume', volume: 'v' }), ['docker', 'tar']],
  ['a database on the host', set({ type: 'postgres', database: 'd' }), ['postgres']],
  ['a database in a container', set({ type: 'mysql', database: 'd', in: 'docker:db' }), ['docker']],
  [
    'SQLite under a unit',
    set({ type: 'sqlite', paths: ['/a'] }, 'systemd:web.service'),
    ['sqlite', 'systemd'],
  ],
  ['a service of commands', set({ type: 'files', paths: ['/a'] }, 'command:web'), ['tar']],
  [
    'containers by a label',
    set({ type: 'files', paths: ['/a'] }, { label: 'x' } as never),
    ['docker', 'tar'],
  ],
])('%s', (_, wanted, tools) => {
  expect(wantedTools([{ plan: 'shop', sets: [wanted] }])).toEqual(
    tools.map((tool) => ({ tool, plans: ['shop'] })),
  )
})

test('references are found wherever they stand, once each, and nothing else is taken for one', () => {
  const s3 = { type: 's3', bucket: 'b', accessKeyId: { env: 'KEY' }, secretAccessKey: { file: '/run/s' } }

  const wishes = wantedSecrets({
    'destination far': s3,
    'plan shop': [{ password: { env: 'KEY' } }, { env: 'A', file: 'B' }],
  })

  expect(wishes).toEqual([
    { reference: { env: 'KEY' }, usedBy: ['destination far', 'plan shop'] },
    { reference: { file: '/run/s' }, usedBy: ['destination far'] },
  ])
  expect(wishes.map(({ reference }) => secretInWords(reference))).toEqual([
    '{ env: KEY }',
    '{ file: /run/s }',
  ])
})
