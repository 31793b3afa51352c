import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ConfigFile } from '../schemas/config.js'
import { DURATION_PATTERN, PATH_PATTERN, RATE_PATTERN, SIZE_PATTERN } from '../schemas/patterns.js'
import { PlanFile } from '../schemas/plan.js'
import type { GeneratedFile } from './generated-files.js'

/** What is read here of a JSON Schema. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** An object with a section of its own, and how its place is written: `sources.NAME (postgres)`. */
interface Section {
  readonly title: string
  readonly schema: Schema
}

/** Every field of plans and of holdfast.yaml, as docs/reference/ has them. */
export const schemaReferences = (): readonly GeneratedFile[] => [
  reference('plan', 'Every field of a plan', PlanFile, 'Explained in sentences: [Plans](../plans.md).'),
  reference(
    'configuration',
    'Every field of holdfast.yaml',
    ConfigFile,
    'Explained in sentences: [Configuration](../configuration.md). `defaults` takes the fields of [plans](plan.md), but not `version`, `plan`, `description` and `sources`.',
  ),
]

function reference(name: string, title: string, source: object, more: string): GeneratedFile {
  // As editors get it: what TypeBox adds for itself is not in the text.
  const schema = JSON.parse(JSON.stringify(source)) as Schema
  const sections = onlyFirst(sectionsOf({ title: '', schema }))
  const text = [
    `# ${title}`,
    `Made from the schema by \`npm run generate\`. ${more}`,
    ...sections.map((section) => renderSection(section, sections)),
  ].join('\n\n')
  return { file: join(import.meta.dirname, '..', 'docs', 'reference', `${name}.md`), text: `${text}\n` }
}

/** An object and all objects below it, from the outside in. Nothing below `defaults`: the page of plans has that. */
function sectionsOf(section: Section): readonly Section[] {
  const { title, schema } = section
  const own = schema.properties === undefined ? [] : [section]
  const below = Object.entries(schema.properties ?? {})
    .filter(([name]) => `${title}${name}` !== 'defaults')
    .flatMap(([name, field]) => childrenOf(title === '' ? name : `${title}.${name}`, field))
  return [...own, ...below]
}

/** Every kind of source has the same `hold`: it is said once, and linked to. */
const onlyFirst = (sections: readonly Section[]): readonly Section[] =>
  sections.filter((section) => firstOf(section.schema, sections) === section)

const firstOf = (schema: Schema, sections: readonly Section[]): Section | undefined =>
  sections.find((other) => isDeepStrictEqual(other.schema.properties, schema.properties))

function childrenOf(title: string, schema: Schema): readonly Section[] {
  if (schema.oneOf !== undefined)
    return schema.oneOf.flatMap((branch) =>
      sectionsOf({ title: `${title} (${String(branch.properties?.['type']?.const)})`, schema: branch }),
    )
  if (schema.properties !== undefined) return sectionsOf({ title, schema })
  if (schema.patternProperties !== undefined)
    return Object.values(schema.patternProperties).flatMap((one) => childrenOf(`${title}.NAME`, one))
  if (schema.items !== undefined) return childrenOf(title, schema.items)
  // Secrets are alike everywhere: `typeOf` says all of them.
  const objects = (schema.anyOf ?? []).filter(({ properties }) => properties !== undefined)
  return isSecret(schema) ? [] : objects.flatMap((one) => sectionsOf({ title, schema: one }))
}

function renderSection({ title, schema }: Section, all: readonly Section[]): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isRequired = schema.required?.includes(name) === true
    return `| \`${name}\`${isRequired ? ' **required**' : ''} | ${cell(typeOf(field, all))} | ${cell(field.description ?? '')} | ${exampleOf(field)} |`
  })
  const heading = title === '' ? [] : [`## ${title}`]
  return [
    ...heading,
    ...(schema.description === undefined || title === '' ? [] : [schema.description]),
    ['| field | takes | means | example |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')
}

const TEXTS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: 'duration: `90s`, `5m`, `26h`, `30d`',
  [SIZE_PATTERN]: 'size: `50MiB`, `2GB`',
  [RATE_PATTERN]: 'rate: `50MiB/s`',
  [PATH_PATTERN]: 'absolute path',
}

function typeOf(schema: Schema, all: readonly Section[]): string {
  const types = (schemas: readonly Schema[]) => [...new Set(schemas.map((one) => typeOf(one, all)))]
  if (isSecret(schema)) return secretForms(schema)
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (schema.anyOf !== undefined) return types(schema.anyOf).join(', or ')
  if (schema.oneOf !== undefined) return 'fields of one kind, by `type`'
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {}, all)}`
  if (schema.type === 'integer' || schema.type === 'number') return `number${rangeOf(schema)}`
  if (schema.type === 'boolean') return '`true`, `false`'
  if (schema.patternProperties !== undefined) return 'entries by name'
  return schema.type === 'object' ? linked(schema, all) : (TEXTS[schema.pattern ?? ''] ?? 'text')
}

function linked(schema: Schema, all: readonly Section[]): string {
  const title = firstOf(schema, all)?.title
  return title === undefined
    ? 'fields'
    : `[fields](#${title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-')})`
}

function rangeOf({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` from ${minimum}`
  return maximum === undefined ? '' : ` to ${maximum}`
}

const isSecret = ({ anyOf }: Schema): boolean =>
  anyOf?.some(({ properties }) => properties !== undefined && Object.keys(properties).join() === 'env') ===
  true

const secretForms = ({ anyOf = [] }: Schema): string =>
  `a secret: ${anyOf.map(({ properties = {} }) => `\`{ ${Object.keys(properties).join(', ')}: … }\``).join(', ')}`

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

/** As YAML takes it: JSON is YAML, without the quotes that it does not need. */
function exampleOf({ examples: [example] = [] }: Schema): string {
  if (example === undefined) return ''
  return cell(`\`${JSON.stringify(example).replaceAll(/"([A-Za-z][\w-]*)":/g, '$1: ')}\``)
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
