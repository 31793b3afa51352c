import type { ValidateFunction } from 'ajv/dist/2020.js'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parse } from 'yaml'
import { schemaMistakes } from '../../plan/schema-mistakes.js'
import { validatorOf } from '../../plan/validators.js'
import { describeWith } from '../support/needs.js'

const examples = new URL('../../examples/', import.meta.url)
const read = (path: string) => parse(readFileSync(new URL(path, examples), 'utf8')) as Record<string, unknown>
const plans = readdirSync(new URL('plans/', examples)).map((name) => read(`plans/${name}`))

describeWith(['built'], 'the checks of schemas that the build writes', () => {
  const built = createRequire(import.meta.url)('../../dist/plan/validators.built.cjs') as Record<
    'plan' | 'config',
    ValidateFunction
  >

  const files = [
    ...plans.map((plan) => ['plan', plan] as const),
    ...plans.flatMap((plan) =>
      Object.keys(plan).map((key) => ['plan', { ...plan, [key]: { surprise: [1] } }] as const),
    ),
    ['config', read('holdfast.yaml')] as const,
    ...Object.keys(read('holdfast.yaml')).map(
      (key) => ['config', { ...read('holdfast.yaml'), [key]: 'surprise' }] as const,
    ),
  ]

  test.each(files)('find in a %s what compiled ones find', (name, file) => {
    expect(schemaMistakes(built[name], file)).toEqual(schemaMistakes(validatorOf(name), file))
  })
})
