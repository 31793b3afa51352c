import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ThisHost } from '../../../core/doctor/this-host.js'
import { HoldfastError } from '../../../core/errors.js'
import { runChecks } from '../../../operations/doctor/checks.js'
import { examineSite } from '../../../operations/doctor/doctor.js'
import { fakeSite } from '../../fakes/site.js'
import { testWorld } from '../support.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-doctor-'))
  await mkdir(join(folder, 'plans'), { mode: 0o700 })
  const plan = `version: 1\nplan: shop\nsources: { data: { type: files, paths: [/srv], live: true } }\ndestinations: [disk]\n`
  await writeFile(join(folder, 'plans', 'shop.yaml'), plan, { mode: 0o600 })
})
afterEach(() => rm(folder, { recursive: true }))

const healthy = (stateDir: string): ThisHost => ({
  stateFolder: async () => ({ path: stateDir, userId: 0 }),
  tools: async (wishes) => wishes.map((wish) => ({ ...wish, found: { value: '1' } })),
  runtime: async () => ({ node: '24', zstd: '1', unknownZones: [] }),
  keys: async () => [],
  secrets: async () => [],
  journal: async () => undefined,
  spoolRoom: async () => 1,
  agent: async () => 'not-running',
  tryDestination: async (destination) => ({
    ...{ destination, host: 'nas', bytes: 1, writeMs: 1, readMs: 1, clockDifferenceMs: 0 },
  }),
  preflight: async () => ({ holds: [], warnings: [] }),
  listBackups: async () => [],
})

async function examine(changes: Partial<ThisHost> = {}) {
  const stateDir = join(folder, 'state')
  const site = fakeSite({
    ...{ stateDir, configFile: join(folder, 'holdfast.yaml'), plans: ['plans/*.yaml'] },
    destinations: { disk: { type: 'local', path: join(folder, 'backups') } },
  })
  const thisHost = { ...healthy(stateDir), ...changes }
  const examination = await examineSite({ site, world: testWorld, thisHost })
  return {
    ...examination,
    wrong: examination.findings
      .filter(({ severity }) => severity !== 'fine')
      .map(({ area, what }) => `${area}: ${what}`),
  }
}

test('a state folder that cannot be looked at is a finding, and nothing is tried with the wrong rights', async () => {
  const stateFolder = async () => {
    throw new HoldfastError('state.denied', 'It belongs to user 0.')
  }

  const { wrong, findings } = await examine({ stateFolder })

  expect(wrong).toContain('rights: It belongs to user 0.')
  expect(findings.map(({ area }) => area)).not.toContain('destinations')
})

test('without Temporal that is the finding, and this machine is tried by the process itself', async () => {
  const { wrong, findings, problems } = await examine()

  expect(wrong).toEqual([expect.stringMatching(/^temporal: Temporal does not run on this machine/)])
  expect(problems).toBe(1)
  expect(findings.map(({ area }) => area)).toEqual(
    expect.arrayContaining(['destinations', 'plans', 'tools', 'journal']),
  )
})

test('a look that fails hides none of the others', async () => {
  const { wrong } = await examine({
    keys: () => Promise.reject(new Error('not foreseen')),
    journal: () => Promise.reject(new HoldfastError('journal.unusable', 'The journal is a file.')),
    preflight: () =>
      Promise.reject(new HoldfastError('source.not-found', '/srv is gone.', { hint: 'Bring it back.' })),
  })

  expect(wrong).toEqual([
    expect.stringMatching(/^temporal: /),
    'keys: The keys could not be looked at: not foreseen',
    'journal: The journal is a file.',
    'plans: Plan "shop" cannot run on host "nas": /srv is gone.',
  ])
})

test('nothing is tried with the rights of another user than the agent’s', async () => {
  const { wrong, findings } = await examine({
    stateFolder: async () => ({
      ...{ path: '/var/lib/holdfast', userId: 0 },
      folder: { mode: 0o700, ownerId: 1000, isWritable: true, freeBytes: 2 ** 40 },
    }),
    tryDestination: () => Promise.reject(new Error('touched')),
  })

  expect(wrong).toEqual([
    expect.stringMatching(/^temporal: /),
    expect.stringMatching(/^rights: .* belongs to user 1000/),
  ])
  expect(findings.some(({ area }) => area === 'plans')).toBe(false)
})

test('a look that hangs is a finding of its own', async () => {
  const check = {
    area: 'space',
    what: 'The disk',
    limitMs: 20,
    look: () => new Promise<never>(() => undefined),
  } as const

  expect(await runChecks([check])).toMatchObject([
    { area: 'space', severity: 'problem', what: 'The disk did not answer within 20ms.' },
  ])
})
