import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../../core/errors.js'

export interface NewFile {
  /** Relative to the folder. */
  readonly path: string
  readonly text: string
}

/** Fails with `config.exists`, which names them, when any of the files is there. */
export async function refuseExisting(folder: string, files: readonly NewFile[]): Promise<void> {
  const there = await Promise.all(
    files.map(({ path }) =>
      access(join(folder, path)).then(
        () => [path],
        () => [],
      ),
    ),
  )
  const existing = there.flat()
  if (existing.length > 0) throw exists(folder, existing)
}

/**
 * Writes files that are not there yet, for their owner alone, and never over one that is. Nothing is written when one of them
 * exists: `config.exists`. Fails with `config.not-written`, too.
 */
export async function writeNewFiles(folder: string, files: readonly NewFile[]): Promise<void> {
  await refuseExisting(folder, files)
  for (const { path, text } of files) {
    const file = join(folder, path)
    const failed = (cause: unknown) => {
      throw notWritten(file, cause)
    }
    await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(failed)
    await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      // Somebody may have made it since.
      throw error.code === 'EEXIST' ? exists(folder, [path]) : notWritten(file, error)
    })
  }
}

const exists = (folder: string, paths: readonly string[]): HoldfastError =>
  new HoldfastError(
    'config.exists',
    `In ${folder} there is already ${paths.join(', ')}. Nothing was written over.`,
    {
      hint: 'See what would be written with --dry-run, or run it in another folder.',
      details: { folder, existing: paths },
    },
  )

const notWritten = (file: string, cause: unknown): HoldfastError =>
  new HoldfastError(
    'config.not-written',
    `${file} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}.`,
    {
      hint: 'Run it in a folder that this user may write.',
      cause,
    },
  )
