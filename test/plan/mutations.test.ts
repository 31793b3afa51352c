import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { compilePlan } from '../../plan/compile.js'
import { renderIssues } from '../../plan/issues.js'
import { setSchedule } from '../../plan/edit.js'
import { HoldfastError } from '../../core/errors.js'
import { readConfig, readPlan } from '../../plan/validate.js'
import { homeSite } from './sites.js'
import { longer } from '../support/long.js'

const folder = new URL('../../examples/plans/', import.meta.url)
const plans = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
const config = readFileSync(new URL('../../examples/holdfast.yaml', import.meta.url), 'utf8')

const noise = fc.constantFrom(
  '[',
  ']',
  '{',
  '}',
  ':',
  '- ',
  '&a ',
  '*a',
  '!x ',
  '"',
  "'",
  '|',
  '>',
  '\t',
  '\n',
  '\r\n',
  '\u0000',
  '#',
  '%',
  '@',
  '<<: ',
  '? ',
  '---\n',
  '...\n',
  '0',
  'null',
  '~',
  '𝒳',
  '\ufeff',
)
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(40),
  insert: fc.oneof(noise, fc.string({ maxLength: 8 }), fc.constant('')),
})

const bytesChanged = (text: string, edits: readonly { at: number; remove: number; insert: string }[]) =>
  edits.reduce((current, { at, remove, insert }) => {
    const start = Math.floor(at * current.length)
    return current.slice(0, start) + insert + current.slice(start + remove)
  }, text)

/** Changes one entry somewhere in the tree: deletes it, renames its key, or gives it another value. */
function treeChanged(
  value: unknown,
  path: readonly number[],
  change: (parent: Record<string, unknown>, key: string) => void,
): void {
  let parent = value as Record<string, unknown>
  for (const step of path) {
    const keys = Object.keys(parent)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) return
    const inner = parent[key]
    if (typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0)
      return change(parent, key)
    parent = inner as Record<string, unknown>
  }
}
const otherValue = fc.anything({
  maxDepth: 2,
  key: fc.constantFrom('type', 'env', 'services', 'a'),
  values: [fc.constantFrom<unknown>(null, 0, -1, 1e21, true, '', 'x', '/x', 'docker:a', '5m', [], {})],
})

function expectPlaces(
  text: string,
  read: (text: string, file: string) => { issues: ReturnType<typeof readPlan>['issues'] },
) {
  const { issues } = read(text, 'p')
  const lines = text.split('\n')
  for (const { line, column, length, message } of issues) {
    expect(line).toBeGreaterThanOrEqual(1)
    expect(line).toBeLessThanOrEqual(lines.length)
    expect(column).toBeGreaterThanOrEqual(1)
    expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1)
    expect(length).toBeGreaterThanOrEqual(1)
    expect(message).not.toBe('')
  }
  expect(renderIssues(issues, { p: text })).toBeDefined()
  return issues
}

function expectNoCrash(text: string) {
  const issues = expectPlaces(text, (given, file) => readPlan(given, file, homeSite))
  const { plan } = readPlan(text, 'p', homeSite)
  expect(plan !== undefined).toBe(!issues.some(({ severity }) => severity === 'error'))
  if (plan) expect(compilePlan(plan, text, homeSite, 'p').job.sets.length).toBeGreaterThan(0)
  try {
    setSchedule(text, '0 5 * * *')
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError)
  }
}

test('whatever bytes change in a plan, every issue has a place in it and nothing crashes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...plans), fc.array(edit, { minLength: 1, maxLength: 6 }), (plan, edits) => {
      expectNoCrash(bytesChanged(plan, edits))
    }),
    { numRuns: longer(200) },
  )
})

test('whatever entries of a plan are deleted, renamed or replaced, likewise', () => {
  const change = fc.oneof(
    fc.constant((parent: Record<string, unknown>, key: string) => void delete parent[key]),
    fc.string({ maxLength: 12 }).map((name) => (parent: Record<string, unknown>, key: string) => {
      Object.defineProperty(parent, name, {
        value: parent[key],
        enumerable: true,
        configurable: true,
        writable: true,
      })
      delete parent[key]
    }),
    otherValue.map((value) => (parent: Record<string, unknown>, key: string) => void (parent[key] = value)),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...plans),
      fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), change), {
        minLength: 1,
        maxLength: 4,
      }),
      (plan, changes) => {
        const value: unknown = parse(plan)
        for (const [path, apply] of changes) treeChanged(value, path, apply)
        let text: string
        try {
          text = stringify(value)
        } catch {
          return
        }
        expectNoCrash(text)
      },
    ),
    { numRuns: longer(200) },
  )
})

test('whatever bytes change in a configuration, likewise', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      expectPlaces(bytesChanged(config, edits), readConfig)
    }),
    { numRuns: longer(200) },
  )
})

test('any text at all is read without a crash', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.array(noise, { maxLength: 60 }).map((parts) => parts.join('')),
      ),
      (text) => {
        expectNoCrash(text)
      },
    ),
    { numRuns: longer(200) },
  )
})
