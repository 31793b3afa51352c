import type { ErrorObject } from 'ajv/dist/2020.js'
import {
  DURATION_PATTERN,
  LABEL_PATTERN,
  NAME_PATTERN,
  PATH_PATTERN,
  PERCENT_PATTERN,
  RATE_PATTERN,
  SERVICE_PATTERN,
  VARIABLE_PATTERN,
  VOLUME_PATTERN,
} from '../schemas/patterns.js'
import { counted } from '../core/units.js'

/** What we read of a JSON Schema. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly writeOnly?: boolean
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
}

/** What a pattern means, in words. */
export const PATTERNS: Readonly<Record<string, string>> = {
  [NAME_PATTERN]: 'a name: lower-case letters, digits and dashes, at most 63',
  [DURATION_PATTERN]: 'a duration: a number with ms, s, m, h or d',
  [SERVICE_PATTERN]:
    'a service: docker:container, docker:project/service, systemd:unit.service, lxc:container or command:name',
  [LABEL_PATTERN]: 'a label of Docker: key=value, or key',
  [VOLUME_PATTERN]: 'the name of a Docker volume',
  [PERCENT_PATTERN]: 'a share: 1% to 100%',
  [RATE_PATTERN]: 'a rate: a number with kB, MB, GB, KiB, MiB or GiB, and /s',
  [VARIABLE_PATTERN]: 'the name of a variable: letters, digits and underscores',
  [PATH_PATTERN]: 'an absolute path, which starts with /',
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'keys and values',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** What was found, as a word that never shows the value itself. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'keys and values'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'boolean' ? 'true or false' : 'a number'
}

/** The sentence about a value that is not what it should be, and what to write instead. */
export function expectationOf(schema: SchemaNode, error: ErrorObject): readonly [string, string | undefined] {
  const params = error.params as Record<string, unknown>
  const limit = Number(params['limit'])
  switch (error.keyword) {
    case 'type':
    case 'anyOf':
      return [`must be ${wanted(schema)}, but is ${kindOf(error.data)}.`, exampleOf(schema, error.data)]
    case 'pattern':
      return [`must be ${wanted(schema)}.`, exampleOf(schema, error.data)]
    case 'minimum':
      return [`must be at least ${limit}.`, undefined]
    case 'maximum':
      return [`must be at most ${limit}.`, undefined]
    case 'minItems':
      return [`must name at least ${limit}.`, exampleOf(schema, error.data)]
    case 'maxItems':
    case 'maxProperties':
      return [`must name at most ${limit}.`, undefined]
    case 'minLength':
      return ['must not be empty.', exampleOf(schema, error.data)]
    case 'maxLength':
      return [`must be at most ${counted(limit, 'character')} long.`, undefined]
    default:
      return [`${error.message ?? 'is not allowed here'}.`, undefined]
  }
}

function wanted(schema: SchemaNode): string {
  if (schema.anyOf) return schema.anyOf.map(wanted).join(' or ')
  if (schema.pattern !== undefined) return PATTERNS[schema.pattern] ?? 'as in the example'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map(String).join(' or ')
  return KINDS[schema.type ?? ''] ?? 'something else'
}

function exampleOf(schema: SchemaNode, found: unknown): string | undefined {
  if (schema.pattern === DURATION_PATTERN && typeof found === 'number') {
    return `Add the unit: ${found}s, ${found}m, ${found}h or ${found}d.`
  }
  const example = schema.examples?.[0]
  return typeof example === 'string' || typeof example === 'number' ? `For example: ${example}` : undefined
}
