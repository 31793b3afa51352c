import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SeenMachine } from '../../plan/propose/facts.js'
import { draftFiles } from '../../worker/init/draft.js'
import { startLanguageServer, type LanguageServer } from '../support/language-server.js'
import { temporaryFolder } from '../support/temporary-folder.js'

// What an editor shows of a plan: the language server that editors use, spoken to as they speak to it.

const folder = temporaryFolder()
let server: LanguageServer
/** As `init` writes them. */
let planLine: string
let configLine: string

beforeAll(async () => {
  server = await startLanguageServer()
  const machine: SeenMachine = {
    ...{ containers: [], volumes: [], sqlite: [], unfinished: [], user: 'root' },
    servers: [{ family: 'postgres', socket: '/var/run/postgresql' }],
  }
  const { files } = draftFiles(machine, {
    keyFile: '/etc/holdfast/main.key',
    destination: '/mnt/backups',
    timezone: 'UTC',
  })
  const firstLine = (name: RegExp) => files.find(({ path }) => name.test(path))?.text.split('\n')[0] ?? ''
  planLine = firstLine(/^plans\//)
  configLine = firstLine(/^holdfast\.yaml$/)
})
afterAll(() => server.stop())

/** `¦` is where the cursor stands. */
async function open(firstLine: string, marked: string) {
  const before = marked.split('¦')[0] ?? ''
  const lines = before.split('\n')
  const position = { line: lines.length, character: lines.at(-1)?.length ?? 0 }
  const uri = `file://${join(folder(), `${server.openedFiles}.yaml`)}`
  await server.open(uri, `${firstLine}\n${marked.replace('¦', '')}`)
  return { uri, position }
}

const plan = (marked: string) => open(planLine, `version: 1\nplan: shop\n${marked}`)

test('the line that init writes names the schemas of this installation', async () => {
  for (const line of [planLine, configLine]) {
    const [, path = ''] = /^# yaml-language-server: \$schema=(.+)$/.exec(line) ?? []
    expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('$schema')
  }
})

test('fields of a plan are completed, without those that are there', async () => {
  const labels = await server.complete(await plan('¦'))

  expect(labels).toEqual(expect.arrayContaining(['sources', 'schedule', 'hold', 'retention', 'destinations']))
  expect(labels).not.toContain('plan')
})

test('the kinds of sources are completed', async () => {
  const labels = await server.complete(await plan('sources:\n  orders:\n    type: ¦\n'))

  expect(labels).toEqual(expect.arrayContaining(['files', 'volume', 'postgres', 'mysql', 'sqlite']))
})

test('a source is completed with the fields of its kind', async () => {
  const postgres = await server.complete(await plan('sources:\n  orders:\n    type: postgres\n    ¦\n'))
  const files = await server.complete(await plan('sources:\n  etc:\n    type: files\n    ¦\n'))

  expect(postgres).toEqual(expect.arrayContaining(['database', 'in', 'connection', 'password']))
  expect(postgres).not.toContain('paths')
  expect(files).toEqual(expect.arrayContaining(['paths', 'exclude', 'live']))
  expect(files).not.toContain('database')
})

test('values that are one of several are completed', async () => {
  const labels = await server.complete(await plan('compression:\n  algorithm: ¦\n'))

  expect(labels).toEqual(expect.arrayContaining(['zstd', 'gzip', 'none']))
})

test('holdfast.yaml is completed with the fields of a destination', async () => {
  const marked = 'version: 1\ndestinations:\n  offsite:\n    type: s3\n    ¦\n'

  const labels = await server.complete(await open(configLine, marked))

  expect(labels).toEqual(expect.arrayContaining(['bucket', 'endpoint', 'accessKeyId']))
  expect(labels).not.toContain('hostKey')
})

test('a field says what it means', async () => {
  const text = await server.hover(await plan('hold:\n  services: [docker:web]\n  max¦Downtime: 2m\n'))

  expect(text).toContain('the services come back whatever happens')
})

test('a mistake is underlined where it is', async () => {
  const { uri } = await plan('sources:\n  etc:\n    type: files\n    paths: [/etc]\n    compres: yes¦\n')

  const mistakes = await server.mistakes(uri)

  expect(mistakes).toEqual([
    expect.objectContaining({ line: 7, message: expect.stringContaining('compres') as string }),
  ])
})

test('a plan without mistakes has none', async () => {
  const { uri } = await plan(
    'sources:\n  etc: { type: files, paths: [/etc], live: true }\ndestinations: [disk]¦\n',
  )

  expect(await server.mistakes(uri)).toEqual([])
})
