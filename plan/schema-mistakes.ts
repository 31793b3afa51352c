import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { SERVICE_PATTERN } from '../schemas/patterns.js'
import { PATTERNS, expectationOf, kindOf, type SchemaNode } from './expectations.js'
import type { Path } from './locate.js'
import { absenceIn, errorAt, errorAtKey, type Mistake } from './mistakes.js'
import { didYouMean, nearest } from '../core/suggest.js'

/** What the schema has against a value: one mistake for each thing that is wrong, in the words of the language. */
export function schemaMistakes(validate: ValidateFunction, value: unknown): readonly Mistake[] {
  if (validate(value)) return []
  const errors = validate.errors ?? []
  const secrets = errors
    .filter((error) => isSecret(error.parentSchema))
    .map(({ instancePath }) => instancePath)
  const insideSecret = (error: ErrorObject) =>
    secrets.some((place) => error.instancePath === place || error.instancePath.startsWith(`${place}/`))
  const mistakes = relevant(errors.filter((error) => !insideSecret(error) || isSecret(error.parentSchema)))
    .map((error) => (isSecret(error.parentSchema) ? secretMistake(error, value) : mistakeOf(error, value)))
    .filter((mistake) => mistake !== undefined)
  const seen = new Set<string>()
  return mistakes.filter((mistake) => {
    const identity = JSON.stringify([mistake.path, mistake.message])
    return seen.has(identity) ? false : seen.add(identity)
  })
}

const schemaOf = (error: ErrorObject): SchemaNode => (error.parentSchema ?? {}) as SchemaNode
const isSecret = (schema: unknown): boolean => (schema as SchemaNode | undefined)?.writeOnly === true

/** Of a union, ajv reports every branch: what counts is the branch that was meant, or else the union itself. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword, parentSchema }) => keyword === 'anyOf' && !isSecret(parentSchema))
  const answeredByBranch = new Set<ErrorObject>()
  const hidden = new Set<ErrorObject>()
  for (const union of unions) {
    const inside = errors.filter(({ schemaPath }) => schemaPath.startsWith(`${union.schemaPath}/`))
    const isWrongKind = (error: ErrorObject) =>
      error.instancePath === union.instancePath && (error.keyword === 'type' || error.keyword === 'const')
    const wrongBranches = new Set(inside.filter(isWrongKind).map((error) => branchOf(error, union)))
    const meant = inside.filter((error) => !wrongBranches.has(branchOf(error, union)))
    for (const error of inside) if (meant.length === 0 || !meant.includes(error)) hidden.add(error)
    if (meant.length > 0) answeredByBranch.add(union)
  }
  return errors.filter((error) => !hidden.has(error) && !answeredByBranch.has(error))
}

const branchOf = (error: ErrorObject, union: ErrorObject): string =>
  error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0] ?? ''

function mistakeOf(error: ErrorObject, root: unknown): Mistake | undefined {
  const path = pathOf(error.instancePath, root)
  const schema = schemaOf(error)
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey([...path, String(params['additionalProperty'])], schema)
    case 'required':
      return missingKey(path, String(params['missingProperty']), schema)
    case 'discriminator':
      return params['error'] === 'mapping'
        ? unknownType(path, params['tagValue'], schema)
        : badType(path, error.data, schema)
    case 'enum':
      return wrongWord(path, error.data, (schema.enum ?? []).map(String))
    case 'const':
      return errorAt(path, `must be ${JSON.stringify(schema.const)}.`, constantHint(schema))
    case 'uniqueItems':
      return errorAt(
        [...path, Math.max(Number(params['i']), Number(params['j']))],
        'stands in this list twice.',
        'Keep one of them.',
      )
    case 'minProperties':
      return errorAt(path, 'names nothing.', exampleHint(path.at(-1), schema))
    default:
      return errorAt(path, ...expectationOf(schema, error))
  }
}

function secretMistake(error: ErrorObject, root: unknown): Mistake {
  const schema = schemaOf(error)
  const example = (schema.examples?.[0] ?? {}) as Readonly<Record<string, unknown>>
  const reference = 'env' in example ? `{ env: ${String(example['env'])} }` : '{ env: NAME }'
  const file = typeof example['file'] === 'string' ? example['file'] : '/run/secrets/…'
  const message = 'a secret is a reference, not a value.'
  return errorAt(pathOf(error.instancePath, root), message, `Write ${reference} or { file: ${file} }.`)
}

function unknownKey(path: Path, schema: SchemaNode): Mistake {
  const key = String(path.at(-1))
  if (schema.patternProperties && Object.hasOwn(schema.patternProperties, SERVICE_PATTERN)) {
    return errorAtKey(path, `must be ${PATTERNS[SERVICE_PATTERN]}.`)
  }
  if (schema.patternProperties) {
    const expected =
      'a name has lower-case letters, digits and dashes, starts with a letter or digit, and is at most 63 long.'
    return errorAtKey(path, expected, nameHint(key))
  }
  const known = Object.keys(schema.properties ?? {})
  const near = didYouMean(key, known)
  const elsewhere = near === undefined ? placeOfKey(key, schema) : undefined
  const list = known.length <= 12 ? `Known here: ${known.join(', ')}.` : undefined
  const merge = key === '<<' ? 'YAML 1.2 has no merge keys: write the keys out.' : undefined
  return errorAtKey(path, 'unknown key.', merge ?? near ?? elsewhere ?? list)
}

function nameHint(key: string): string | undefined {
  const name = key
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
  return name === '' ? undefined : `For example "${name}".`
}

/** `maxDowntime` beside `hold` instead of inside of it: says so. */
function placeOfKey(key: string, schema: SchemaNode): string | undefined {
  const places = Object.entries(schema.properties ?? {})
  const place = places.find(([, inner]) => Object.hasOwn(inner.properties ?? {}, key))
  return place === undefined ? undefined : `It belongs into "${place[0]}".`
}

function missingKey(path: Path, key: string, schema: SchemaNode): Mistake {
  if (key === 'type' && schema.oneOf) {
    return errorAtKey(path, 'has no "type".', `Add one of ${typesOf(schema).join(', ')}.`)
  }
  return absenceIn(path, `"${key}" is missing.`, exampleHint(key, (schema.properties ?? {})[key] ?? {}))
}

function exampleHint(key: string | number | undefined, schema: SchemaNode): string | undefined {
  const example = schema.examples?.[0]
  return example === undefined ? undefined : `For example: ${String(key)}: ${inYaml(example)}`
}

/** A small value as one would write it on one line of YAML. */
export function inYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inYaml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${inYaml(inner)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' && /^[\w./-]+(:[\w./-]+)*$/.test(value) ? value : JSON.stringify(value)
}

const typesOf = (schema: SchemaNode): string[] =>
  (schema.oneOf ?? []).map((branch) => String(branch.properties?.['type']?.const))

function unknownType(path: Path, value: unknown, schema: SchemaNode): Mistake {
  const types = typesOf(schema)
  const hint = didYouMean(String(value), types) ?? `There are ${types.join(', ')}.`
  return errorAt([...path, 'type'], `unknown type "${clip(String(value))}".`, hint)
}

function badType(path: Path, data: unknown, schema: SchemaNode): Mistake | undefined {
  // A missing type is reported by `required`.
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'type')) return undefined
  const value = (data as Record<string, unknown>)['type']
  return errorAt([...path, 'type'], `must be one of ${typesOf(schema).join(', ')}, but is ${kindOf(value)}.`)
}

function wrongWord(path: Path, value: unknown, words: readonly string[]): Mistake | undefined {
  // Of another type: `type` reports that.
  if (typeof value !== 'string') return errorAt(path, `must be ${listed(words)}, but is ${kindOf(value)}.`)
  const near = nearest(value, words)
  return errorAt(
    path,
    `"${clip(value)}" is not ${listed(words)}.`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  )
}

const listed = (words: readonly string[]): string =>
  words.length === 1 ? `"${words[0]}"` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const constantHint = (schema: SchemaNode): string | undefined =>
  schema.const === 1 ? 'This Holdfast reads version 1.' : undefined

const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** `/sources/a~1b/paths/0` → `['sources', 'a/b', 'paths', 0]`: a step is a number where the value has a list. */
function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = []
  let value: unknown = root
  for (const encoded of pointer.split('/').slice(1)) {
    const step = encoded.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(step) : step)
    value = (value as Record<string, unknown> | undefined)?.[step]
  }
  return path
}
