import { constants } from 'node:fs'
import { access, lstat, opendir, readlink, stat } from 'node:fs/promises'
import { HoldfastError } from '../../../core/errors.js'
import { TAR_ENVIRONMENT } from '../../archive/create.js'
import type { SourceContext } from '../driver.js'
import type { FileTree } from './tree.js'

/** Tries tar and every root. Fails with `source.tool-missing`, `source.not-found` and `source.denied`. */
export async function preflightTree(tree: FileTree, context: SourceContext): Promise<void> {
  await tarVersion(context)
  for (const { path } of tree.roots) await requireReadable(path, context.sourceName)
}

/** Other tars lose what GNU tar keeps: sparse files, ACLs, xattrs. */
export async function tarVersion({
  shell,
  signal,
}: Pick<SourceContext, 'shell' | 'signal'>): Promise<string> {
  const host = shell()
  const { stdout } = await host.run(['tar', '--version'], { signal, environment: TAR_ENVIRONMENT })
  const version = /^tar \(GNU tar\) (\S+)/.exec(stdout)?.[1]
  if (version !== undefined) return version
  throw new HoldfastError('source.tool-missing', `The tar of this host (${host.place}) is not GNU tar.`, {
    hint: 'Install GNU tar (Debian: apt-get install tar), and have it first in PATH of the worker.',
  })
}

async function requireReadable(path: string, sourceName: string): Promise<void> {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) await (await opendir(path)).close()
    else if (found.isSymbolicLink()) await requireNoFolderLink(path, sourceName)
    else await access(path, constants.R_OK)
  } catch (error) {
    throw explained(error, path, sourceName)
  }
}

/** A link is archived as a link: of the folder behind it nothing would be in the backup. */
async function requireNoFolderLink(path: string, sourceName: string): Promise<void> {
  const behind = await stat(path).catch(() => undefined)
  if (!behind?.isDirectory()) return
  throw new HoldfastError(
    'source.not-found',
    `Source "${sourceName}": ${path} is a link to the folder ${await readlink(path)}; only the link would be backed up.`,
    { hint: 'Write the folder itself in the plan.' },
  )
}

/** What cannot be read of a whole root, in the words of the preflight; an unknown error as it is. */
export function explained(error: unknown, path: string, sourceName: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new HoldfastError('source.not-found', `Source "${sourceName}": ${path} does not exist.`, {
      hint: 'Correct the path in the plan. Is its disk mounted?',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new HoldfastError(
      'source.denied',
      `Source "${sourceName}": the Holdfast worker may not read ${path}.`,
      { hint: 'Run the worker as root, or let its user read there.', cause: error },
    )
  }
  return error
}
