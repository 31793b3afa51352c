import { excluder, globMatcher, isException } from '../../core/globs.js'

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

test.each([
  [['*.tmp'], 'a/b/x.tmp', true],
  [['*.tmp'], 'x.tmp.gz', false],
  [['cache'], 'a/cache', true],
  [['cache/**'], 'cache/a/b', true],
  [['cache/**'], 'cache', true],
  [['cache/**'], 'a/cache/b', false],
  [['**/cache/**'], 'a/cache/b', true],
  [['/cache/'], 'cache', true],
  [['/cache'], 'a/cache', false],
  [['cache/'], 'cache', true],
  [['a/*.log'], 'a/x.log', true],
  [['a/*.log'], 'a/b/x.log', false],
  [['*'], '.hidden', true],
  [['*.log', '!important.log'], 'a.txt', false],
  [['*.log', '!important.log'], 'important.log', true],
  [['/!a/b'], 'c', false],
  [['\\!a'], '!a', true],
  [[], 'x', false],
])('%j leaves out %s: %s', (globs, path, expected) => {
  expect(excluder(globs)(path)).toBe(expected)
})
