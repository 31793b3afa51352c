import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import type { TSchema } from 'typebox'
import { ConfigFile } from '../schemas/config.js'
import { PlanFile } from '../schemas/plan.js'

export interface GeneratedSchema {
  /** Absolute path. */
  readonly file: string
  readonly text: string
}

/** The JSON Schemas as they should be: the same text for the same TypeBox objects, as Prettier wants it. */
export async function generatedSchemas(): Promise<readonly GeneratedSchema[]> {
  return [
    await generated('plan', 'A plan of Holdfast', PlanFile),
    await generated('config', 'holdfast.yaml', ConfigFile),
  ]
}

async function generated(name: string, title: string, schema: TSchema): Promise<GeneratedSchema> {
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:holdfast:schema:${name}:1`,
    title,
    ...schema,
  }
  return {
    file: fileURLToPath(new URL(`../schemas/${name}.schema.json`, import.meta.url)),
    text: await format(JSON.stringify(document), { parser: 'json', printWidth: 110 }),
  }
}
