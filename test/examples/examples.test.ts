import { readFileSync, readdirSync } from 'node:fs'
import { compilePlan } from '../../plan/compile.js'
import { explainPlan } from '../../plan/explain.js'
import { renderIssues } from '../../plan/issues.js'
import { readConfig, readPlan } from '../../plan/validate.js'
import type { Site } from '../../core/site.js'
import { homeSite } from '../plan/sites.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const configText = read('examples/holdfast.yaml')
const command = { type: 'command' as const, stop: ['x'], start: ['x'], isRunning: ['x'] }

function exampleSite(): Site {
  const { config } = readConfig(configText, 'holdfast.yaml')
  if (!config) throw new Error('examples/holdfast.yaml is invalid')
  return {
    ...homeSite,
    destinations: config.destinations ?? {},
    keys: config.keys ?? {},
    services: config.services ?? {},
    defaults: config.defaults ?? {},
  }
}

function expectUsable(text: string, site: Site): void {
  const { plan, issues } = readPlan(text, 'plan.yaml', site)

  expect(renderIssues(issues, { 'plan.yaml': text })).toBe('')
  if (!plan) throw new Error('no plan')
  const explained = explainPlan(compilePlan(plan, text, site, 'plan.yaml'), {
    now: new Date('2026-11-21T12:00Z'),
    nextRuns: 5,
  })
  expect(explained).toContain(`Plan ${plan.plan}`)
}

test('the example of holdfast.yaml has no issues', () => {
  expect(readConfig(configText, 'holdfast.yaml').issues).toEqual([])
})

test.each(readdirSync(new URL('../../examples/plans/', import.meta.url)))(
  'examples/plans/%s is valid, compiles and is explained',
  (name) => {
    expectUsable(read(`examples/plans/${name}`), exampleSite())
  },
)

test('the plan of the quickstart is valid, compiles and is explained', () => {
  expectUsable(read('examples/quickstart.yaml'), { ...homeSite, services: { guestbook: command } })
})

const blocks = [
  'docs/plans.md',
  'docs/configuration.md',
  'docs/destinations.md',
  'docs/encryption.md',
].flatMap((file) =>
  [...read(file).matchAll(/^```yaml (plan|config)\n([^]*?)^```$/gm)].map(
    ([, kind = '', text = ''], index) => ({ file, kind, text, index }),
  ),
)

test('the documentation has complete examples of both', () => {
  expect(new Set(blocks.map(({ kind }) => kind))).toEqual(new Set(['plan', 'config']))
})

test.each(blocks.map(({ file, index, kind, text }) => [`${file}, block ${index + 1} (${kind})`, kind, text]))(
  '%s is valid as it stands',
  (_, kind, text) => {
    if (kind === 'plan') expectUsable(text, { ...exampleSite(), services: { web: command, wiki: command } })
    else expect(renderIssues(readConfig(text, 'holdfast.yaml').issues, { 'holdfast.yaml': text })).toBe('')
  },
)

const keysOf = (schema: unknown): string[] =>
  typeof schema !== 'object' || schema === null
    ? []
    : Object.entries(schema).flatMap(([key, value]) => [
        ...(key === 'properties' ? Object.keys(value as object) : []),
        ...(key === 'examples' ? [] : keysOf(value)),
      ])

test.each([
  ['plan', ['docs/plans.md']],
  ['config', ['docs/plans.md', 'docs/configuration.md', 'docs/destinations.md']],
])('every key of the %s schema is in the documentation', (name, files) => {
  const text = files.map(read).join('\n')
  const keys = new Set(keysOf(JSON.parse(read(`schemas/${name}.schema.json`))))

  expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([])
})
