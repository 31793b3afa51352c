import { HoldfastError } from '../../../core/errors.js'
import { statOf } from './plan-restore.js'

/** Tests stop between any two of them. */
export type Rename = (from: Buffer, to: Buffer) => Promise<void>
/** Tests see that no rename is forgotten. */
export type Sync = (folder: string | Buffer) => Promise<void>

/** Nothing is ever renamed onto something else. Fails with `restore.conflict`. */
export async function requireFree(safety: string | Buffer): Promise<void> {
  if (!(await statOf(safety))) return
  throw new HoldfastError(
    'restore.conflict',
    `${safety.toString()} exists: the old data cannot be kept there.`,
    {
      hint: 'Look at it, rename or remove it, then go on with the restore.',
    },
  )
}

export const replaced = (target: string, safety: string): HoldfastError =>
  new HoldfastError('restore.conflict', `${target} was written by somebody else since it was restored.`, {
    hint: `The old data is in ${safety}: compare the two and put the right one in place.`,
  })
