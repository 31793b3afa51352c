import { readFileSync, readdirSync } from 'node:fs'
import { compilePlan } from '../../plan/compile.js'
import { explainPlan } from '../../plan/explain/explain.js'
import { renderIssues } from '../../plan/issues.js'
import { readConfig, readPlan } from '../../plan/validate.js'
import type { Site } from '../../core/site.js'
import { homeSite } from '../plan/sites.js'
import { exampleSite } from './example-site.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const configText = read('examples/holdfast.yaml')
const command = { type: 'command' as const, stop: ['x'], start: ['x'], isRunning: ['x'] }

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
