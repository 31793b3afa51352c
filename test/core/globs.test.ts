import { globMatcher, isException } from '../../core/globs.js'

test.each([
  [['*.log', '!important.log'], 'a.txt', false],
  [['*.log', '!important.log'], 'a.log', true],
  [['!a'], 'b', false],
  [['!a'], '!a', true],
  [['\\!a'], '!a', true],
  [['!(a)'], 'b', true],
  [['*'], '.hidden', false],
  [[], 'a', false],
])('%j matches %s: %s', (globs, text, expected) => {
  expect(globMatcher(globs)(text)).toBe(expected)
})

test.each([
  ['!a', true],
  ['!!a', true],
  ['!(a|b)', false],
  ['\\!a', false],
  ['a!', false],
])('%s was meant as an exception: %s', (glob, expected) => {
  expect(isException(glob)).toBe(expected)
})
