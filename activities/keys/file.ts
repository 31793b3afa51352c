import { open } from 'node:fs/promises'
import { HoldfastError } from '../../core/errors.js'
import { KEY_BYTES } from './derive.js'
import type { KeyDriver } from './key.js'
import { localKey } from './local-key.js'

const OTHERS = 0o077

/** 32 bytes in a file that nobody else may read. */
export const file: KeyDriver<'file'> = async (name, { path }) => localKey(name, await readKeyFile(name, path))

/** Looked at and read through one descriptor: nobody can put another file in its place meanwhile. */
async function readKeyFile(name: string, path: string): Promise<Buffer> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw notReadable(name, path, error)
  })
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw noFile(name, path, stats.isDirectory())
    const { mode } = stats
    if ((mode & OTHERS) !== 0) throw othersCanRead(name, path, mode)
    // A byte more than a key has shows that it is none, however long it is.
    const buffer = Buffer.alloc(KEY_BYTES + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    if (bytesRead === KEY_BYTES) return buffer.subarray(0, KEY_BYTES)
    const what = bytesRead > KEY_BYTES ? `more than ${KEY_BYTES}` : `only ${bytesRead}`
    throw new HoldfastError('key.invalid', `Key file ${path} of key "${name}" has ${what} bytes.`, {
      hint: `A key has exactly ${KEY_BYTES} bytes, without a line break. Bring back the right file, or type the recovery sheet in anew: holdfast key create ${name} --from-sheet`,
    })
  } finally {
    await handle.close()
  }
}

function notReadable(name: string, path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new HoldfastError('key.not-found', `Key file ${path} of key "${name}" does not exist.`, {
        hint: `Bring the file back from where you keep it. For a new key: holdfast key create ${name}`,
        cause,
      })
    : new HoldfastError('key.unsafe', `Key file ${path} of key "${name}" cannot be read (${code}).`, {
        hint: `Let it belong to the user of the Holdfast worker: chown USER ${path} && chmod 400 ${path}`,
        cause,
      })
}

/** Docker makes a folder of a bind mount whose file is missing on the host. */
const noFile = (name: string, path: string, isFolder: boolean): HoldfastError =>
  new HoldfastError(
    'key.invalid',
    `Key file ${path} of key "${name}" is no file${isFolder ? ', but a folder' : ''}.`,
    { hint: 'Correct its `path`, or bring the file back. In a container: is it there on the host?' },
  )

const othersCanRead = (name: string, path: string, mode: number): HoldfastError =>
  new HoldfastError(
    'key.unsafe',
    `Key file ${path} of key "${name}" is open to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    { hint: `chmod 400 ${path}` },
  )
