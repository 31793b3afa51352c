import { fileURLToPath } from 'node:url'
import type { TSchema } from 'typebox'
import { ConfigFile } from '../schemas/config.js'
import { PlanFile } from '../schemas/plan.js'
import type { GeneratedFile } from './generated-files.js'

/** The JSON Schemas as they should be: the same text for the same TypeBox objects. */
export const generatedSchemas = (): readonly GeneratedFile[] => [
  generated('plan', 'A plan of Holdfast', PlanFile),
  generated('config', 'holdfast.yaml', ConfigFile),
]

function generated(name: string, title: string, schema: TSchema): GeneratedFile {
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
