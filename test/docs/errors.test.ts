import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseExplanations } from '../../cli/explanations.js'
import { errorCatalogue } from '../../core/errors.js'

const page = () => readFile(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8')

test('docs/errors.md explains every error of the catalogue, and no other', async () => {
  const explained = [...(await page()).matchAll(/^## (.+)$/gm)].map(([, code]) => code)

  expect(explained.toSorted()).toEqual(Object.keys(errorCatalogue).toSorted())
})

test('every section has a meaning, a cause and a cure', async () => {
  const explanations = parseExplanations(await page())

  expect([...explanations.keys()].toSorted()).toEqual(Object.keys(errorCatalogue).toSorted())
})
