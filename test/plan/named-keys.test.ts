import { placesNamingKey } from '../../plan/named-keys.js'

const change = { from: 'old', to: 'new' }
const plan = (...lines: readonly string[]) => ({
  ...{ what: 'plan' as const, file: 'plans/shop.yaml' },
  text: ['version: 1', 'plan: shop', ...lines].join('\n'),
})
const configuration = (...lines: readonly string[]) => ({
  ...{ what: 'configuration' as const, file: 'holdfast.yaml' },
  text: ['version: 1', ...lines].join('\n'),
})

test.each([
  ['a plan', plan('encryption: { keys: [spare, old] }'), 3, 'Write "new" instead.'],
  ['a plan, over several lines', plan('encryption:', '  keys:', '    - old'), 5, 'Write "new" instead.'],
  ['a plan that names both', plan('encryption: { keys: [new, old] }'), 3, 'Take it out: "new" is there.'],
  [
    'the defaults of all plans',
    configuration('keys: { old: {} }', 'defaults: { encryption: { keys: [old] } }'),
    3,
    'Write "new" instead.',
  ],
])('%s that encrypts for the key is named with its line, and what to write there', (_, file, line, hint) => {
  expect(placesNamingKey([file], change)).toMatchObject([{ file: file.file, line, hint, severity: 'error' }])
})

test.each([
  ['a plan for another key', plan('encryption: { keys: [new, older] }')],
  ['a plan without encryption', plan('encryption: none')],
  ['a plan that says nothing of it', plan('sources: {}')],
  ['a configuration that only describes the key', configuration('keys: { old: { type: file, path: /old } }')],
  ['a text that is no YAML', plan('encryption: [')],
])('%s is left alone', (_, file) => {
  expect(placesNamingKey([file], change)).toEqual([])
})
