import { parseExplanations } from '../../cli/explanations.js'

test('a section is read with its parts, each on one line', () => {
  const page = [
    '# Errors',
    '',
    '## plan.not-found',
    '',
    '**Meaning:** No plan',
    'has this name.',
    '',
    '**Cause:** A typo.',
    '',
    '**Cure:** `holdfast plan list`.',
    '',
  ].join('\n')

  expect(parseExplanations(page).get('plan.not-found')).toEqual({
    code: 'plan.not-found',
    kind: 'missing',
    meaning: 'No plan has this name.',
    cause: 'A typo.',
    cure: '`holdfast plan list`.',
  })
})

test.each([
  [
    'a code that the catalogue does not know',
    '## toString\n\n**Meaning:** a\n\n**Cause:** b\n\n**Cure:** c\n',
  ],
  ['a section without a cure', '## plan.not-found\n\n**Meaning:** a\n\n**Cause:** b\n'],
  ['an empty page', ''],
])('%s explains nothing', (_, page) => {
  expect(parseExplanations(page).size).toBe(0)
})
