import { loadCommands, type RecoveredFile } from '../../core/load-commands.js'
import { item } from '../fakes/backups.js'

const file = (kind: RecoveredFile['object']['kind'], part?: string): RecoveredFile => ({
  object: { kind, ...(part === undefined ? {} : { part }) },
  path: `/to/${part ?? 'all'}.${kind}`,
})
const named = (name: string) => ({ database: JSON.stringify({ name }) })

test('a whole PostgreSQL server: roles first, then each database under its own name', () => {
  const hints = { 'database.%53hop': JSON.stringify({ name: 'Shop' }) }

  expect(
    loadCommands(item({ type: 'postgres', hints }), [file('dump', '%53hop'), file('globals.sql')]),
  ).toEqual([
    'psql --dbname=postgres --file=/to/all.globals.sql',
    'createdb --template=template0 Shop',
    'pg_restore --exit-on-error --dbname=Shop /to/%53hop.dump',
  ])
})

test('the database that every PostgreSQL server has is not made again', () => {
  expect(loadCommands(item({ type: 'postgres', hints: named('postgres') }), [file('dump')])).toEqual([
    'pg_restore --exit-on-error --dbname=postgres /to/all.dump',
  ])
})

test('plain SQL is loaded in one transaction, or not at all', () => {
  expect(loadCommands(item({ type: 'postgres', hints: named('shop') }), [file('sql')])).toEqual([
    'createdb --template=template0 shop',
    'psql --set=ON_ERROR_STOP=1 --single-transaction --dbname=shop --file=/to/all.sql',
  ])
})

test.each(['mariadb', 'mysql'])('%s is loaded by its own client', (serverFamily) => {
  const hints = { ...named('wiki'), serverFamily }

  expect(loadCommands(item({ type: 'mysql', hints }), [file('sql')])).toEqual([
    `${serverFamily} --execute='CREATE DATABASE \`wiki\`'`,
    `${serverFamily} --binary-mode --database=wiki < /to/all.sql`,
  ])
})

test('a name with anything in it is one word of the shell, and one name of the server', () => {
  const hints = named("it's `$HOME`")

  expect(loadCommands(item({ type: 'mysql', hints }), [file('sql')])[0]).toBe(
    "mariadb --execute='CREATE DATABASE `it'\\''s ``$HOME```'",
  )
})

test('what is used as it is needs no command', () => {
  expect(loadCommands(item({ type: 'sqlite' }), [file('sqlite', 'entries')])).toEqual([])
})

test.each([
  ['a hint that is no JSON', '{'],
  ['a hint without a name', '{}'],
])('%s leaves the name of the source', (_, database) => {
  const recorded = item({ type: 'postgres', source: 'orders', hints: { database } })

  expect(loadCommands(recorded, [file('dump')])[0]).toBe('createdb --template=template0 orders')
})
