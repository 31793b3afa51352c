import { HoldfastError } from '../../core/errors.js'
import type { Item } from '../../core/backup.js'
import type { SourceDriver } from './driver.js'
import { inspectTree } from './file-tree/inspect.js'
import { preflightTree } from './file-tree/preflight.js'
import { previewTree } from './file-tree/preview.js'
import { readTree } from './file-tree/read.js'
import { rehearseTree } from './file-tree/rehearse.js'
import { stageTree } from './file-tree/stage.js'
import { discardTree, keptOf, swapTree } from './file-tree/swap.js'
import { filesTree, type FileTree } from './file-tree/tree.js'

/** Files and folders of the host. */
export const files: SourceDriver<'files'> = {
  preflight: (source, context) => preflightTree(filesTree(source), context),
  read: (source, sink, context) => readTree(filesTree(source), sink, context),
  preview: async (item, target, context) => previewTree(treeOf(item), item, target, context),
  stage: async (item, target, objects, context) =>
    stageTree(treeOf(item), item, target, { objects, context }),
  inspect: (_, object, objects, context) => inspectTree(object, objects, context),
  rehearse: async (item, place, work) => rehearseTree(treeOf(item), item, place, work),
  forget: async () => undefined,
  swap: (moves) => swapTree(moves),
  kept: (moves) => keptOf(moves),
  discard: (moves) => discardTree(moves),
}

function treeOf({ source, spec }: Item): FileTree {
  if (spec.type === 'files') return filesTree(spec)
  throw new HoldfastError(
    'backup.corrupt',
    `Item "${source}" is recorded as files, but its source is ${spec.type}.`,
  )
}
