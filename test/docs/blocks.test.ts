import { parse } from 'yaml'
import type { Site } from '../../core/site.js'
import { compilePlan } from '../../plan/compile.js'
import { renderIssues, type Issue } from '../../plan/issues.js'
import { readEntry } from '../../plan/read-entry.js'
import { readConfig, readPlan } from '../../plan/validate.js'
import { exampleSite, siteOf } from '../examples/example-site.js'
import { readPages, type Block } from '../support/pages.js'
import { commandsOf } from '../support/shell-words.js'

/** What a plan must have, for parts that show something else. */
const shortestPlan = {
  version: 1,
  plan: 'part',
  sources: { etc: { type: 'files', paths: ['/etc'], live: true } },
}

/**
 * What the pages may show, and how that is tried. `site` is the configuration that the page showed last, or that of
 * examples/ where it shows none.
 */
const kinds: Readonly<Record<string, (block: Block, site: Site) => void>> = {
  'yaml plan': ({ text }, site) => expectPlan(text, site),
  'yaml plan-part': ({ text }, site) => expectPlan(merged(shortestPlan, text), site),
  'yaml config': ({ text }) => expectNone(readConfig(text, 'file').issues, text),
  'yaml config-part': ({ text }) => expectNone(readConfig(merged({ version: 1 }, text), 'file').issues, text),
  'yaml destination': ({ text }) =>
    expectNone(readEntry(text, { file: 'file', folder: 'destinations' }).issues, text),
  // Of another tool, which knows what it means.
  'yaml foreign': ({ text }) => expect(parse(text)).toBeInstanceOf(Object),
  sh: ({ text }) => expect(commandsOf(text)).not.toEqual([]),
  // Besides, it is run: see test/e2e/page-walks.ts.
  'sh run': ({ text }) => expect(commandsOf(text)).not.toEqual([]),
  json: ({ text }) => expect(() => JSON.parse(text) as unknown).not.toThrow(),
  // What programs print, and files of formats that nothing here can check.
  text: () => undefined,
  python: () => undefined,
  sql: () => undefined,
}

const merged = (base: object, text: string): string => JSON.stringify({ ...base, ...(parse(text) as object) })

function expectNone(issues: readonly Issue[], text: string): void {
  expect(renderIssues(issues, { file: text })).toBe('')
}

/** Without warnings, too: nobody shall copy them. */
function expectPlan(text: string, site: Site): void {
  const { plan, issues } = readPlan(text, 'file', site)

  expectNone(issues, text)
  if (!plan) throw new Error('no plan')
  expect(() => compilePlan(plan, text, site, 'file')).not.toThrow()
}

const tried = readPages().flatMap(({ blocks }) => {
  let site = exampleSite()
  return blocks.map((block) => {
    if (block.kind === 'yaml config') site = siteOf(block.text)
    return [`${block.place}: ${block.kind}`, block, site] as const
  })
})

test.each(tried)('%s is valid as it stands', (_, block, site) => {
  const attempt = kinds[block.kind]
  if (attempt === undefined)
    throw new Error(`${block.place}: "${block.kind}" is none of: ${Object.keys(kinds).join(', ')}.`)

  attempt(block, site)
})

test('the pages have complete plans and configurations', () => {
  expect(tried.map(([, { kind }]) => kind)).toEqual(expect.arrayContaining(['yaml plan', 'yaml config']))
})
