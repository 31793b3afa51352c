import type { Ajv2020 as Ajv, Options, ValidateFunction } from 'ajv/dist/2020.js'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { EncryptedManifest } from './encrypted-manifest.js'
import type { JournalEntryFile } from './journal-entry.js'
import type { Manifest } from './manifest.js'
import type { Mark } from './mark.js'

/** What each schema makes sure of. What people write is a draft even then: other checks follow. */
interface Documents {
  readonly plan: unknown
  readonly config: unknown
  readonly manifest: Manifest
  readonly 'encrypted-manifest': EncryptedManifest
  readonly mark: Mark
  readonly 'journal-entry': JournalEntryFile
}
export type SchemaName = keyof Documents

const STRICT: Options = { strict: true, strictRequired: false, discriminator: true }

/** How a schema is compiled, here and by the build. Whoever wrote a file by hand wants to know all mistakes at once. */
export const ajvOptionsOf = (name: SchemaName): Options =>
  name === 'plan' || name === 'config' ? { ...STRICT, allErrors: true, verbose: true } : STRICT

const require = createRequire(import.meta.url)

/** Written by the build beside this file: to compile the schemas takes longer than all else that a command does here. */
const builtFile = (name: SchemaName): string => join(import.meta.dirname, `${name}.validator.cjs`)

/** The generated files: the library that they are written with takes longer to load than a hundred plans to check. */
export const schemaOf = (name: SchemaName) => require(`./${name}.schema.json`) as object

const known = new Map<SchemaName, ValidateFunction>()

/** What checks a document against its schema. Compiled at its first use where nothing was built, as in tests of the sources. */
export function validatorOf<N extends SchemaName>(name: N): ValidateFunction<Documents[N]> {
  const found =
    known.get(name) ??
    (existsSync(builtFile(name)) ? (require(builtFile(name)) as ValidateFunction) : compiled(name))
  known.set(name, found)
  return found as ValidateFunction<Documents[N]>
}

function compiled(name: SchemaName): ValidateFunction {
  const { Ajv2020 } = require('ajv/dist/2020.js') as { Ajv2020: new (options: Options) => Ajv }
  // Its optimiser takes longer than the checks of hundreds of plans.
  return new Ajv2020({ ...ajvOptionsOf(name), code: { optimize: false } }).compile(schemaOf(name))
}
