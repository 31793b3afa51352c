import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { ConfigFile } from '../../schemas/config.js'
import { PlanFile } from '../../schemas/plan.js'
import { generatedSchemas } from '../../tools/generated-schemas.js'
import { schemaReferences } from '../../tools/schema-reference.js'

test('the committed schemas are those of the code', async () => {
  for (const { file, text } of generatedSchemas()) expect(await readFile(file, 'utf8')).toBe(text)
})

test('the committed reference is that of the schemas', async () => {
  for (const { file, text } of schemaReferences()) expect(await readFile(file, 'utf8')).toBe(text)
})

test('the reference has every field that a schema has, by its name', () => {
  const reference = schemaReferences()
    .map(({ text }) => text)
    .join('\n')
  const names = properties.map(({ path }) => path.split('/').at(-1) ?? '')

  expect(
    names.filter((name) => !reference.includes(`\`${name}\``) && !reference.includes(`{ ${name}: … }`)),
  ).toEqual([])
})

test('the generated schemas are valid for any validator of draft 2020-12', () => {
  for (const { text } of generatedSchemas()) {
    // Without the options of ours: `discriminator` must be ignorable.
    expect(() => new Ajv2020({ strict: false }).compile(JSON.parse(text) as object)).not.toThrow()
  }
})

interface Property {
  readonly path: string
  readonly schema: Record<string, unknown>
}

function propertiesOf(node: unknown, path: string): Property[] {
  if (typeof node !== 'object' || node === null) return []
  const { properties = {}, ...rest } = node as { properties?: Record<string, Record<string, unknown>> }
  const own = Object.entries(properties).map(([name, schema]) => ({ path: `${path}/${name}`, schema }))
  const inner = own.flatMap(({ path: place, schema }) => propertiesOf(schema, place))
  const others = Object.entries(rest)
    .filter(([key]) => key !== 'examples')
    .flatMap(([key, value]) => propertiesOf(value, `${path}/${key}`))
  return [...own, ...inner, ...others]
}
const properties = [...propertiesOf(PlanFile, 'plan'), ...propertiesOf(ConfigFile, 'config')]

test.each(properties.map(({ path, schema }) => [path, schema] as const))(
  '%s has a description and an example',
  (_, schema) => {
    expect(schema['description']).toMatch(/\S.*[.]$/)
    expect(schema['examples']).toHaveLength((schema['examples'] as unknown[] | undefined)?.length || 1)
  },
)

test.each(properties.map(({ path, schema }) => [path, schema] as const))(
  'the examples of %s are valid',
  (_, schema) => {
    const validate = new Ajv2020({ strict: false, discriminator: true }).compile(schema)

    for (const example of schema['examples'] as unknown[]) expect(validate(example)).toBe(true)
  },
)

test('every object is strict', () => {
  const loose: string[] = []
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, oneOf, additionalProperties } = node as Record<string, unknown>
    if (type === 'object' && oneOf === undefined && additionalProperties !== false) loose.push(path)
    for (const [key, value] of Object.entries(node)) if (key !== 'examples') walk(value, `${path}/${key}`)
  }
  walk(PlanFile, 'plan')
  walk(ConfigFile, 'config')

  expect(loose).toEqual([])
})
