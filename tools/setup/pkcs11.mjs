// The package that speaks to PKCS#11 modules is native, and no install script runs by itself here: it is compiled for the tests.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { installPackage } from './debian.mjs'
import { root, step } from './steps.mjs'

const folder = join(root, 'node_modules', 'pkcs11js')

export const hasPkcs11 = () => existsSync(join(folder, 'build', 'Release', 'pkcs11.node'))

/** Where it cannot be compiled, the tests say what they miss. */
export function buildPkcs11() {
  if (hasPkcs11() || !existsSync(folder)) return
  step('Compiling pkcs11js')
  if (spawnSync('g++', ['--version']).status !== 0) installPackage('g++', 'make', 'python3')
  // Node's headers come with it, or from nodejs.org.
  const own = join(dirname(process.execPath), '..')
  const env = existsSync(join(own, 'include', 'node', 'node.h')) ? { npm_config_nodedir: own } : {}
  spawnSync('npm', ['rebuild', 'pkcs11js', '--ignore-scripts=false', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
}

if (process.argv[1] === import.meta.filename) buildPkcs11()
