import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kindOf, type CommandShape } from '../../../cli/completion/shape.js'
import { placeOf, type Commands } from '../../../cli/completion/place.js'
import { linesFor } from '../../../cli/completion/scripts.js'

const flags = {
  config: { name: 'config', type: 'option' },
  json: { name: 'json', type: 'boolean', summary: 'As JSON.' },
} as const

const line: Commands = {
  commands: [
    { id: 'status', summary: 'Show it.', args: {}, flags },
    { id: 'complete', hidden: true, args: {}, flags: {} },
    {
      id: 'backup:list',
      summary: 'List backups.',
      args: {},
      flags: {
        ...flags,
        plan: { name: 'plan', char: 'p', type: 'option' },
        type: { name: 'type', type: 'option', options: ['files', 'sqlite'] },
        source: { name: 'source', type: 'option', multiple: true },
      },
    },
    { id: 'backup:show', summary: 'Show one.', args: { id: { name: 'id' } }, flags },
    { id: 'key:rotate', args: { old: { name: 'old' }, new: { name: 'new' } }, flags },
  ],
  topics: { backup: 'Make backups.', key: 'Keys.' },
}

const at = (text: string) => placeOf(text.split(' '), line)
const wordsAt = (text: string) => {
  const place = at(text)
  return place.kind === 'words' ? place.candidates.map(({ word }) => word) : place.of
}

test.each([
  ['', ['status', 'backup', 'key']],
  ['b', ['backup']],
  ['backup ', ['list', 'show']],
  ['backup sh', ['show']],
  ['backup show ', 'backup'],
  ['backup show 2026', 'backup'],
  ['backup show 2026 ', ['--config', '--json']],
  ['backup list --pl', ['--plan']],
  ['backup list --plan ', 'plan'],
  ['backup list -p sh', 'plan'],
  ['backup list --plan shop --', ['--config', '--json', '--type', '--source']],
  ['backup list --plan=shop --p', []],
  ['backup list --source a --so', ['--source']],
  ['backup list --type ', ['files', 'sqlite']],
  ['backup list --type f', ['files']],
  ['backup list --config ', 'file'],
  ['backup list --json ', ['--config', '--plan', '--type', '--source']],
  ['key rotate ', 'key'],
  ['key rotate main ', 'key'],
  ['nonsense ', []],
])('after "holdfast %s" may stand: %j', (text, expected) => {
  expect(wordsAt(text)).toEqual(expected)
})

test('commands, topics and flags say what they are', () => {
  expect(at('s')).toEqual({ kind: 'words', candidates: [{ word: 'status', description: 'Show it.' }] })
  expect(at('b')).toEqual({ kind: 'words', candidates: [{ word: 'backup', description: 'Make backups.' }] })
  expect(at('status --j')).toEqual({
    kind: 'words',
    candidates: [{ word: '--json', description: 'As JSON.' }],
  })
})

test('each shell gets lines as it reads them', () => {
  const candidates = [{ word: 'docker:web', description: 'a\nservice' }, { word: 'b:c' }]

  expect(linesFor('bash', candidates)).toEqual(['docker:web', 'b:c'])
  expect(linesFor('zsh', candidates)).toEqual(['docker\\:web:a service', 'b\\:c'])
  expect(linesFor('fish', candidates)).toEqual(['docker:web\ta service', 'b:c'])
})

test('of every argument and every flag with a value it is known what may stand there', () => {
  const manifest = join(import.meta.dirname, '..', '..', '..', 'oclif.manifest.json')
  const { commands } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    commands: Record<string, CommandShape>
  }
  const shapes = Object.values(commands).filter(({ hidden }) => hidden !== true)

  const unknown = shapes.flatMap(({ id, args, flags: all }) =>
    [...Object.values(args), ...Object.values(all).filter(({ type }) => type === 'option')]
      .filter(({ name, options }) => options === undefined && kindOf(id, name) === undefined)
      .map(({ name }) => `${id} ${name}`),
  )

  expect(shapes.length).toBeGreaterThan(20)
  expect(unknown).toEqual([])
})
