import { readPlan } from '../../plan/validate.js'
import { homeSite } from './sites.js'

const firstOf = (text: string) => {
  const [first] = readPlan(text, 'plan.yaml', homeSite).issues
  return (
    first &&
    `${first.line}:${first.column} ${first.message}${first.hint === undefined ? '' : ` ${first.hint}`}`
  )
}
const nestedAliases = [
  'a0: &a0 x',
  ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
].join('\n')

test.each([
  ['an empty file', '', '1:1 the file is empty. A plan starts with "version: 1".'],
  ['only comments', '# nothing\n', '1:1 the file is empty. A plan starts with "version: 1".'],
  ['a text', 'hello', '1:1 the file is no plan: expected keys and values. A plan starts with "version: 1".'],
  ['a list', '- a', '1:1 the file is no plan: expected keys and values. A plan starts with "version: 1".'],
  ['bytes', 'ab\u0000c', '1:3 the file is no text: it holds the character U+0000.'],
  ['no UTF-8', 'a: \ufffd', '1:4 the file is no text: it holds the character U+FFFD.'],
  [
    '10 MB',
    'a: 1\n'.repeat(2_000_000),
    '1:1 the file is larger than 256 KiB, which no plan or configuration needs.',
  ],
  ['a duplicate key', 'a: 1\na: 2', '2:1 this key stands here twice. Keep one of them.'],
  [
    'two documents',
    'a: 1\n---\nb: 2',
    '2:1 a second document starts here. Put each plan into a file of its own.',
  ],
  ['a tab', 'a:\n\tb: 1', '2:1 a tab indents this line. Indent with spaces.'],
  ['an open bracket', 'a: [', '1:5 the file ends too early. Close what was opened: quotes, [ or {.'],
  [
    'a bracket that another one closes',
    'a: { b: [/etc, c: true }',
    '1:24 this does not close the "[" that is open. Put a "]" before it, or remove it.',
  ],
  ['a brace that is not closed', 'a: { b: 1\nc: 2\n', '1:4 this "{" is not closed. Close it with "}".'],
  [
    'a bracket that is not closed',
    'a:\n  b: [\n    1,\n  c: 2\n',
    '2:6 this "[" is not closed. Close it with "]".',
  ],
  [
    'a missing comma',
    'a: { b: [1] c: 2 }',
    '1:13 a comma is missing here. Or does a text with ": " need quotes?',
  ],
  [
    'a missing comma after a text',
    'a: { b: x c: 2 }',
    '1:9 a comma is missing here. Or does a text with ": " need quotes?',
  ],
  ['a brace too many', 'a: { b: 1 }}\nc: { d: 1 }', '1:12 this closes nothing that is open. Remove it.'],
  [
    'a bracket too many inside of braces',
    'a: { b: [1]] }\nc: 1',
    '1:12 this does not close the "{" that is open. Put a "}" before it, or remove it.',
  ],
  [
    'an alias without anchor',
    'a: *x',
    '1:4 this alias names no anchor. A value that starts with * is an alias: put it into quotes.',
  ],
  [
    'an alias inside of itself',
    'a: &x [*x]',
    '1:8 this alias stands inside of what it repeats. Write the values out.',
  ],
  ['an alias bomb', nestedAliases, undefined],
  [
    'a tag',
    'a: !!js/function x',
    '1:4 tags (!…) have no meaning here. Remove it, or put the text into quotes.',
  ],
  [
    'a reserved character',
    'a: @b',
    '1:4 a plain text cannot start with this character. Put the text into quotes.',
  ],
  ['deep brackets', `a: ${'['.repeat(60_000)}`, '1:54 is nested too deeply.'],
  ['deep dashes', '- '.repeat(120_000), '1:101 is nested too deeply.'],
  ['deep question marks', '? '.repeat(120_000), '1:101 is nested too deeply.'],
  ['too many keys', Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'), undefined],
])('%s is an issue with a place, and quickly', (_, text, expected) => {
  const start = performance.now()

  const first = firstOf(text)

  expect(first).toBeDefined()
  if (expected !== undefined) expect(first).toBe(expected)
  // A bound against hours and fatal memory, not a measurement.
  expect(performance.now() - start).toBeLessThan(10_000)
})

test('what the parser says after a mistake between brackets is of no use, and not said', () => {
  const { issues } = readPlan('a: { b: 1 }}\nc: { d: 1 }\ne: [1]\n', 'p', homeSite)

  expect(issues).toHaveLength(1)
})

test('an alias bomb is refused by its number of aliases', () => {
  expect(firstOf(nestedAliases)).toMatch(/has more than 50 aliases\. Write the values out\.$/)
})

test('a byte order mark and line ends of Windows do not shift places', () => {
  expect(firstOf('\ufeffversion: 1\r\nplan: shop\r\nfoo: 1\r\n')).toMatch(/^1:1 /)
  expect(
    readPlan('version: 1\r\nplan: shop\r\nfoo: 1\r\n', 'p', homeSite).issues.some(
      ({ line, column }) => line === 3 && column === 1,
    ),
  ).toBe(true)
})

test('an issue in what an alias repeats is shown where it is written', () => {
  const text = 'version: 1\nplan: a\nsources:\n  x: &x { type: filez }\n  y: *x\ndestinations: [disk]\n'

  const lines = readPlan(text, 'p', homeSite).issues.map(({ line, path }) => `${line} ${path}`)

  expect(lines).toEqual(['4 sources.x.type', '4 sources.y.type'])
})
