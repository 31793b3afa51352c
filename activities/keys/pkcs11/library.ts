import { access } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as Package from 'pkcs11js'
import { HoldfastError } from '../../../core/errors.js'
import type { TokenPlace } from './questions.js'

/** Numbers of PKCS#11, by their names. */
type Constants = typeof Package

/** The library of a token, ready to be asked. One process speaks to one: a module is initialised once. */
export interface Library {
  readonly module: Package.PKCS11
  readonly constants: Constants
}

const INSTALL =
  'It is optional, and compiled where it is used (with python3, make and a C++ compiler). In the folder of Holdfast: npm install --include=optional && npm rebuild pkcs11js --ignore-scripts=false'

/** Fails with `key.module-missing` where the package or the module is not there, or is none. */
export async function loadLibrary({
  name,
  module: path,
}: Pick<TokenPlace, 'name' | 'module'>): Promise<Library> {
  const constants = loadPackage(name)
  const module = new constants.PKCS11()
  try {
    await access(path)
    module.load(path)
  } catch (error) {
    throw new HoldfastError(
      'key.module-missing',
      `PKCS#11 module ${path} of key "${name}" cannot be loaded.`,
      {
        hint: `Correct \`module\` of that key: it is the library (.so) that comes with the token. The system says: ${firstLine(error)}`,
        cause: error,
      },
    )
  }
  try {
    module.C_Initialize()
  } catch (error) {
    throw new HoldfastError('key.unavailable', `PKCS#11 module ${path} of key "${name}" does not start.`, {
      hint: `Is it set up for the user and the environment of the Holdfast worker? It says: ${firstLine(error)}`,
      cause: error,
    })
  }
  return { module, constants }
}

function loadPackage(name: string): Constants {
  try {
    return createRequire(import.meta.url)('pkcs11js') as Constants
  } catch (error) {
    throw new HoldfastError(
      'key.module-missing',
      `Key "${name}" is in a PKCS#11 token, and the package pkcs11js is not installed here.`,
      { hint: INSTALL, cause: error },
    )
  }
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0] ?? ''
