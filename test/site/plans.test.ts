import { chmod, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Site } from '../../core/site.js'
import { planFiles } from '../../site/plan-files.js'
import {
  loadPlanFile,
  loadPlanFiles,
  loadPlans,
  plansReader,
  requirePlan,
  requirePlans,
} from '../../site/plans.js'
import { goodPlan, homeSite } from '../plan/sites.js'
import { folderWith } from './folders.js'

const named = (name: string) => goodPlan.replace('plan: shop', `plan: ${name}`)
const siteIn = (folder: string, plans: readonly string[] = ['plans/*.yaml']): Site => ({
  ...homeSite,
  configFile: join(folder, 'holdfast.yaml'),
  plans,
})

test.each([
  [['plans/*.yaml'], ['plans/a.yaml', 'plans/b.yaml']],
  [['plans/**/*.yaml'], ['plans/a.yaml', 'plans/b.yaml', 'plans/deep/er/c.yaml']],
  [['*.yaml'], ['other.yaml']],
  [
    ['plans/a.yaml', 'plans/*.yaml'],
    ['plans/a.yaml', 'plans/b.yaml'],
  ],
  [['plans/{b,z}.yaml'], ['plans/b.yaml']],
  [['nothing/*.yaml'], []],
  [['!plans/*.yaml'], []],
])('the globs %j name %j', async (plans, expected) => {
  const folder = await folderWith({
    'holdfast.yaml': '',
    'other.yaml': '',
    'plans/a.yaml': '',
    'plans/b.yaml': '',
    'plans/.hidden.yaml': '',
    'plans/x.txt': '',
    'plans/deep/er/c.yaml': '',
  })

  expect(await planFiles(siteIn(folder, plans))).toEqual(expected)
})

test('links to folders are not followed, links to files are', async () => {
  const folder = await folderWith({ 'plans/a.yaml': '', 'else/b.yaml': '' })
  await symlink('..', join(folder, 'plans/loop'))
  await symlink('../else/b.yaml', join(folder, 'plans/b.yaml'))

  expect(await planFiles(siteIn(folder, ['plans/**/*.yaml']))).toEqual(['plans/a.yaml', 'plans/b.yaml'])
})

test('plans are read and compiled, and what is wrong with one does not hide the others', async () => {
  const folder = await folderWith({
    'plans/a.yaml': named('a'),
    'plans/b.yaml': 'version: 1\n',
    'plans/c.yaml': named('c'),
  })

  const loaded = await loadPlans(siteIn(folder))

  expect(loaded.plans.map(({ name, file }) => [name, file])).toEqual([
    ['a', 'plans/a.yaml'],
    ['c', 'plans/c.yaml'],
  ])
  expect(new Set(loaded.issues.map(({ file }) => file))).toEqual(new Set(['plans/b.yaml']))
  expect(requirePlan(loaded, 'a').name).toBe('a')
  expect(() => requirePlans(loaded)).toThrow(/plans\/b\.yaml:1:1 error {2}.*\n[^]*errors in 1 file$/)
  expect(() => requirePlan(loaded, 'b')).toThrow('plans/b.yaml:1:1')
})

test('a plan that cannot be read for a reason that nobody expected is an issue of its file', async () => {
  const folder = await folderWith({
    'plans/a.yaml': named('a').replace('[disk]', '[disk, odd]'),
    'plans/b.yaml': named('b'),
  })
  const destinations = Object.defineProperty({ ...homeSite.destinations }, 'odd', {
    get: () => {
      throw new Error('an odd fault')
    },
  })

  const { plans, issues } = await loadPlans({ ...siteIn(folder), destinations })

  expect(plans.map(({ name }) => name)).toEqual(['b'])
  expect(issues).toMatchObject([
    {
      file: 'plans/a.yaml',
      severity: 'error',
      message: 'Holdfast met something it did not expect: an odd fault',
    },
  ])
})

test('a reader sees plans that come, change and go, and compiles no text twice', async () => {
  const folder = await folderWith({ 'plans/a.yaml': named('a'), 'plans/b.yaml': named('b') })
  const read = plansReader(siteIn(folder))
  const [a] = (await read()).plans

  await writeFile(join(folder, 'plans/b.yaml'), named('changed'))
  await writeFile(join(folder, 'plans/c.yaml'), named('c'))
  const changed = (await read()).plans
  await rm(join(folder, 'plans/a.yaml'))

  expect(changed.map(({ name }) => name)).toEqual(['a', 'changed', 'c'])
  expect(changed[0]).toBe(a)
  expect((await read()).plans.map(({ name }) => name)).toEqual(['changed', 'c'])
})

function failureOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

test('an unknown plan says which one was likely meant', async () => {
  const folder = await folderWith({ 'plans/a.yaml': named('shop') })

  const loaded = await loadPlans(siteIn(folder))

  expect(failureOf(() => requirePlan(loaded, 'shpo'))).toMatchObject({
    code: 'plan.not-found',
    hint: 'Did you mean "shop"?',
  })
  expect(failureOf(() => requirePlan(loaded, 'zzz'))).toMatchObject({ hint: 'There are shop.' })
})

test('two plans with one name are errors in both files, and neither is run', async () => {
  const folder = await folderWith({
    'plans/a.yaml': named('shop'),
    'plans/b.yaml': named('shop'),
    'plans/c.yaml': named('c'),
  })

  const loaded = await loadPlans(siteIn(folder))

  expect(loaded.plans.map(({ name }) => name)).toEqual(['c'])
  expect(loaded.issues).toMatchObject([
    {
      file: 'plans/a.yaml',
      line: 2,
      column: 7,
      path: 'plan',
      message: 'plans/b.yaml has the name "shop", too.',
    },
    {
      file: 'plans/b.yaml',
      line: 2,
      column: 7,
      path: 'plan',
      message: 'plans/a.yaml has the name "shop", too.',
    },
  ])
})

test('a plan that others can write is refused with the command to mend it', async () => {
  const folder = await folderWith({ 'plans/a b.yaml': named('a') })
  await chmod(join(folder, 'plans/a b.yaml'), 0o666)

  const { plans, issues } = await loadPlans(siteIn(folder))

  expect(plans).toEqual([])
  expect(issues).toMatchObject([
    {
      file: 'plans/a b.yaml',
      hint: `Run \`chmod go-w '${folder}/plans/a b.yaml'\`, after a look at what it says.`,
    },
  ])
})

test('one file is read from anywhere; one that is missing is an issue', async () => {
  const folder = await folderWith({ 'x.yaml': named('x') })
  const elsewhere = siteIn('/srv/home')

  const found = await loadPlanFile(elsewhere, join(folder, 'x.yaml'))
  const missing = await loadPlanFile(elsewhere, join(folder, 'y.yaml'))

  expect(found.plans[0]).toMatchObject({ name: 'x', file: join(folder, 'x.yaml') })
  expect(missing.issues).toMatchObject([
    { message: 'cannot be read: the file does not exist.', hint: 'Correct the path.' },
  ])
})

test('the same file twice is one plan', async () => {
  const folder = await folderWith({ 'x.yaml': named('x') })

  const { plans, issues } = await loadPlanFiles(siteIn(folder), ['x.yaml', join(folder, 'x.yaml')])

  expect([plans.length, issues.length]).toEqual([1, 0])
})
