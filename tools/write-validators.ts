import { Ajv2020 } from 'ajv/dist/2020.js'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AJV_OPTIONS, schemaOf } from '../plan/validators.js'

// Writes the checks of the schemas as code, which commands load instead of compiling them: part of `npm run build`.

const ajv = new Ajv2020({ ...AJV_OPTIONS, code: { source: true } })
ajv.addSchema(schemaOf('plan'), 'plan').addSchema(schemaOf('config'), 'config')

await writeFile(
  join(import.meta.dirname, '..', 'dist', 'plan', 'validators.built.cjs'),
  standaloneCode.default(ajv, { plan: 'plan', config: 'config' }),
)
