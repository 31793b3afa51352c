import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { HoldfastError } from '../core/errors.js'

export const CONFIG_NAME = 'holdfast.yaml'

/** Deeper folders than any file system has. */
const MOST_FOLDERS = 256

/** What the user named himself; undefined where the folders are searched. An empty variable names nothing. */
export function namedConfig({ flag, env }: Pick<ConfigQuestion, 'flag' | 'env'>): string | undefined {
  const named = flag ?? env['HOLDFAST_CONFIG']
  return named === '' ? undefined : named
}

export interface ConfigQuestion {
  /** `--config`. */
  readonly flag?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * The absolute path of the configuration: `--config`, else HOLDFAST_CONFIG, else the nearest holdfast.yaml from the
 * working folder upward. Fails with `config.not-found`, which says where it was looked for.
 */
export async function findConfig({ flag, env, cwd }: ConfigQuestion): Promise<string> {
  const named = namedConfig({ flag, env })
  if (named !== undefined) {
    const file = resolve(cwd, named)
    if (await isFile(file)) return file
    const origin = flag === undefined ? 'HOLDFAST_CONFIG names' : '--config names'
    throw new HoldfastError('config.not-found', `There is no file ${file}, which ${origin}.`, {
      hint: `Correct the path, or leave it out: then the nearest ${CONFIG_NAME} is used.`,
      details: { looked: [file] },
    })
  }
  const looked: string[] = []
  for (let folder = resolve(cwd); looked.length < MOST_FOLDERS; folder = dirname(folder)) {
    const file = join(folder, CONFIG_NAME)
    looked.push(file)
    if (await isFile(file)) return file
    if (dirname(folder) === folder) break
  }
  throw new HoldfastError(
    'config.not-found',
    `There is no ${CONFIG_NAME}. Looked for ${looked.join(', ')}.`,
    {
      hint: 'Write one with `holdfast init`, or name one with --config FILE or HOLDFAST_CONFIG.',
      details: { looked },
    },
  )
}

/** What cannot be looked at counts as there: reading it then says why it cannot be read. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return code === 'EACCES' || code === 'EPERM'
  }
}
