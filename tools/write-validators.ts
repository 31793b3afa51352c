import { Ajv2020 } from 'ajv/dist/2020.js'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ajvOptionsOf, schemaOf } from '../schemas/validators.js'
import { SCHEMA_NAMES } from './generated-schemas.js'

// Writes the checks of the schemas as code, which commands load instead of compiling them: part of `npm run build`.

for (const name of SCHEMA_NAMES) {
  const ajv = new Ajv2020({ ...ajvOptionsOf(name), code: { source: true } })
  await writeFile(
    join(import.meta.dirname, '..', 'dist', 'schemas', `${name}.validator.cjs`),
    standaloneCode.default(ajv, ajv.compile(schemaOf(name))),
  )
}
