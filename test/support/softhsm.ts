import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasPkcs11 } from '../../tools/setup/pkcs11.mjs'

/** Where Debian has it. */
export const SOFTHSM_MODULE = '/usr/lib/softhsm/libsofthsm2.so'
const OFFICER_PIN = '12345678'

/** Tokens of software, in a folder of their own. */
export interface Softhsm {
  /** Of whoever loads the module. */
  readonly environment: { readonly SOFTHSM2_CONF: string }
  /** Makes a token, or wipes it. */
  makeToken(label: string, pin: string): Promise<void>
  run(program: string, args: readonly string[]): Promise<string>
}

/** Why there are no tokens here; undefined where there are. */
export function missingSofthsm(): string | undefined {
  if (!existsSync('/usr/bin/softhsm2-util') || !existsSync(SOFTHSM_MODULE)) return 'softhsm2 is not installed'
  return hasPkcs11() ? undefined : 'pkcs11js is not compiled: `npm test` does it, where a C++ compiler is'
}

export async function startSofthsm(folder: string): Promise<Softhsm> {
  const SOFTHSM2_CONF = join(folder, 'softhsm2.conf')
  await mkdir(join(folder, 'tokens'), { recursive: true, mode: 0o700 })
  await writeFile(
    SOFTHSM2_CONF,
    `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  const environment = { SOFTHSM2_CONF }
  const run = async (program: string, args: readonly string[]) =>
    (await promisify(execFile)(program, args, { env: { ...process.env, ...environment } })).stdout
  return {
    environment,
    run,
    makeToken: async (label, pin) => {
      const pins = ['--so-pin', OFFICER_PIN, '--pin', pin]
      await run('softhsm2-util', ['--init-token', '--free', '--label', label, ...pins])
    },
  }
}
