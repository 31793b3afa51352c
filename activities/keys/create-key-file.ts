import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError } from '../../core/errors.js'

/** Its owner may read it; nobody may write it, not even by mistake. */
const MODE = 0o400

/**
 * Writes a new key file, on the disk when this resolves. Never overwrites: a key that is gone takes its backups with it.
 * Fails with `key.exists`, and with `key.unsafe` where it cannot be written.
 */
export async function createKeyFile(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx', MODE).catch((error: unknown) => {
    throw notCreated(path, error)
  })
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export const keyExists = (path: string, cause?: unknown): HoldfastError =>
  new HoldfastError('key.exists', `There is a file at ${path} already; it was left as it is.`, {
    hint: 'Backups may need it. For a new key, name another file under `keys:` in holdfast.yaml.',
    cause,
  })

function notCreated(path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EEXIST') return keyExists(path, cause)
  return new HoldfastError('key.unsafe', `Key file ${path} cannot be written (${code}).`, {
    hint:
      code === 'ENOENT'
        ? `Make its folder first: install -d -m 700 ${dirname(path)}`
        : `Let the user of the Holdfast worker write into ${dirname(path)}, or run this as that user.`,
    cause,
  })
}
