import type { Ajv2020 as Ajv, Options, ValidateFunction } from 'ajv/dist/2020.js'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

type SchemaName = 'plan' | 'config'

/** How both schemas are compiled, here and by the build. */
export const AJV_OPTIONS: Options = {
  strict: true,
  strictRequired: false,
  discriminator: true,
  allErrors: true,
  verbose: true,
}

const require = createRequire(import.meta.url)

/** Written by the build beside this file: to compile the schemas takes longer than all else that a command does here. */
const BUILT = join(import.meta.dirname, 'validators.built.cjs')

/** The generated files: the library that they are written with takes longer to load than a hundred plans to check. */
export const schemaOf = (name: SchemaName) => require(`../schemas/${name}.schema.json`) as object

const known = new Map<SchemaName, ValidateFunction>()

/** What checks a file against its schema. Compiled at its first use where nothing was built, as in tests of the sources. */
export function validatorOf(name: SchemaName): ValidateFunction {
  const found =
    known.get(name) ??
    (existsSync(BUILT) ? (require(BUILT) as Record<SchemaName, ValidateFunction>)[name] : compiled(name))
  known.set(name, found)
  return found
}

function compiled(name: SchemaName): ValidateFunction {
  const { Ajv2020 } = require('ajv/dist/2020.js') as { Ajv2020: new (options: Options) => Ajv }
  // Its optimiser takes longer than the checks of hundreds of plans.
  return new Ajv2020({ ...AJV_OPTIONS, code: { optimize: false } }).compile(schemaOf(name))
}
