import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasTink, pythonWithTink } from '../../tools/setup/tink.mjs'

const script = join(import.meta.dirname, 'stream-with-tink.py')

/** Why Tink cannot be used here; undefined where it can. */
export const missingTink = async (): Promise<string | undefined> =>
  hasTink() ? undefined : 'no Tink for Python: `npm test` installs it, where python3 with venv is'

/** Google's Tink for Python encrypts or decrypts a file. */
export async function tink(
  verb: 'encrypt' | 'decrypt',
  work: { dataKey: Buffer; associatedData: string; from: string; to: string },
): Promise<void> {
  const { dataKey, associatedData, from, to } = work
  await promisify(execFile)(pythonWithTink, [script, verb, dataKey.toString('hex'), associatedData, from, to])
}
