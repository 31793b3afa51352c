import { fileURLToPath } from 'node:url'
import type { TSchema } from 'typebox'
import { ConfigFile } from '../schemas/config.js'
import { EncryptedManifest } from '../schemas/encrypted-manifest.js'
import { JournalEntryFile } from '../schemas/journal-entry.js'
import { Manifest } from '../schemas/manifest.js'
import { Mark } from '../schemas/mark.js'
import { PlanFile } from '../schemas/plan.js'
import type { SchemaName } from '../schemas/validators.js'
import type { GeneratedFile } from './generated-files.js'

const schemas: Readonly<Record<SchemaName, { readonly title: string; readonly schema: TSchema }>> = {
  plan: { title: 'A plan of Holdfast', schema: PlanFile },
  config: { title: 'holdfast.yaml', schema: ConfigFile },
  manifest: { title: 'The manifest of a backup', schema: Manifest },
  'encrypted-manifest': { title: 'The manifest of an encrypted backup', schema: EncryptedManifest },
  mark: { title: 'A mark beside a manifest', schema: Mark },
  'journal-entry': { title: 'An entry of the journal', schema: JournalEntryFile },
}

export const SCHEMA_NAMES = Object.keys(schemas) as readonly SchemaName[]

/** The JSON Schemas as they should be: the same text for the same TypeBox objects. */
export const generatedSchemas = (): readonly GeneratedFile[] => SCHEMA_NAMES.map(generated)

function generated(name: SchemaName): GeneratedFile {
  const { title, schema } = schemas[name]
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:holdfast:schema:${name}:1`,
    title,
    ...schema,
  }
  return {
    file: fileURLToPath(new URL(`../schemas/${name}.schema.json`, import.meta.url)),
    text: `${JSON.stringify(document, null, 2)}\n`,
  }
}
