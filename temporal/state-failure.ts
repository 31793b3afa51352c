import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError } from '../core/errors.js'

/**
 * What a failed look into the state folder means: mostly a forgotten `sudo` (`state.denied`), or a `stateDir` below a file
 * (`config.invalid`). Any other error is returned as it is. `userId`: -1 where the system knows none.
 */
export async function stateFailure(
  file: string,
  error: unknown,
  userId = process.getuid?.() ?? -1,
): Promise<unknown> {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTDIR') return error
  const { path, stats } = await nearestSeen(file)
  if (code === 'ENOTDIR') {
    return new HoldfastError('config.invalid', `The state folder cannot be below ${path}: that is a file.`, {
      hint: 'Correct `stateDir` in holdfast.yaml.',
      cause: error,
    })
  }
  return stats.uid === userId
    ? new HoldfastError(
        'state.denied',
        `${file} cannot be used: ${path} is closed to its own user (${code}).`,
        {
          hint: `Is its disk mounted read-only? Else: chmod u+rwx ${path}`,
          cause: error,
        },
      )
    : new HoldfastError(
        'state.denied',
        `${file} cannot be used: ${path} belongs to user ${stats.uid}, and this is user ${userId}.`,
        {
          hint: `Run it as that user, as whom the agent runs: sudo --user='#${stats.uid}' holdfast …`,
          cause: error,
        },
      )
}

/** The file, or the innermost folder above it that can be looked at: what is below it cannot. */
async function nearestSeen(file: string): Promise<{ readonly path: string; readonly stats: Stats }> {
  let path = file
  for (;;) {
    try {
      return { path, stats: await stat(path) }
    } catch (error) {
      if (dirname(path) === path) throw error
      path = dirname(path)
    }
  }
}
