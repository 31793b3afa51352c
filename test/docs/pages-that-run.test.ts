import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { walks } from '../e2e/page-walks.js'
import { readPages, root } from '../support/pages.js'

test('every page that says that it is run is run', () => {
  const runnable = readPages().filter(({ blocks }) => blocks.some(({ kind }) => kind === 'sh run'))

  expect(runnable.map(({ path }) => path).toSorted()).toEqual(
    Object.values(walks).flatMap(Object.keys).toSorted(),
  )
})

test.each(Object.keys(walks))('%s has a test file', (name) => {
  expect(existsSync(join(root, 'test', 'e2e', `${name}.test.ts`))).toBe(true)
})
