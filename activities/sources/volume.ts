import type { Item } from '../../core/backup.js'
import { HoldfastError } from '../../core/errors.js'
import type { RestoreTarget, SourceContext, SourceDriver } from './driver.js'
import { inspectTree } from './file-tree/inspect.js'
import { preflightTree } from './file-tree/preflight.js'
import { previewTree } from './file-tree/preview.js'
import { readTree } from './file-tree/read.js'
import { rehearseTree } from './file-tree/rehearse.js'
import { stageTree } from './file-tree/stage.js'
import { discardTree, keptOf, swapTree } from './file-tree/swap.js'
import { volumeTree, type FileTree } from './file-tree/tree.js'

/** A Docker volume: the folder in which its data lies on the host. Nothing is started in the service that uses it. */
export const volume: SourceDriver<'volume'> = {
  preflight: async (source, context) =>
    preflightTree(volumeTree(source, await context.volumePath(source.volume)), context),
  read: async (source, sink, context) => {
    const result = await readTree(volumeTree(source, await context.volumePath(source.volume)), sink, context)
    // Docker may have unmounted it meanwhile: then what was read is not what is in it.
    await context.volumePath(source.volume)
    return result
  },
  preview: async (item, target, context) =>
    previewTree(await treeOf(item, target, context), item, target, context),
  stage: async (item, target, objects, context) =>
    stageTree(await treeOf(item, target, context), item, target, { objects, context }),
  inspect: (_, object, objects, context) => inspectTree(object, objects, context),
  rehearse: async (item, place, work) =>
    rehearseTree(
      await treeOf(item, { restoreId: place.rehearsalId, to: place.folder }, work.context),
      item,
      place,
      work,
    ),
  forget: async () => undefined,
  swap: (moves) => swapTree(moves),
  kept: (moves) => keptOf(moves),
  discard: (moves) => discardTree(moves),
}

async function treeOf(
  { source, spec }: Item,
  { to }: RestoreTarget,
  context: SourceContext,
): Promise<FileTree> {
  if (spec.type !== 'volume') {
    throw new HoldfastError(
      'backup.corrupt',
      `Item "${source}" is recorded as a volume, but its source is ${spec.type}.`,
    )
  }
  // The volume need not exist where it is restored to another folder.
  return volumeTree(spec, to ?? (await context.volumePath(spec.volume)))
}
