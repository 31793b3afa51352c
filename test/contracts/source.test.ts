import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { files } from '../../activities/sources/files.js'
import { volume } from '../../activities/sources/volume.js'
import { sourceContext } from '../fakes/source-context.js'
import { describeSource } from './source.js'

const makeTree = () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'))
  const tree = join(folder, 'data')
  mkdirSync(join(tree, 'sub'), { recursive: true })
  mkdirSync(join(folder, 'scratch'))
  writeFileSync(join(tree, 'a'), 'a')
  writeFileSync(join(tree, 'sub/b'), 'b'.repeat(100_000))
  return {
    tree,
    context: { ...sourceContext({ scratchFolder: join(folder, 'scratch') }), volumePath: async () => tree },
    content: async () =>
      (readdirSync(tree, { recursive: true }) as string[])
        .sort()
        .map((name) => [name, name === 'sub' ? 'folder' : readFileSync(join(tree, name), 'utf8')]),
    change: async () => {
      writeFileSync(join(tree, 'a'), 'changed')
      writeFileSync(join(tree, 'added'), 'added')
    },
    dispose: async () => rmSync(folder, { recursive: true }),
  }
}

describeSource('files', files, async () => {
  const made = makeTree()
  return { ...made, source: { type: 'files', paths: [made.tree] } }
})

describeSource('volume', volume, async () => ({
  ...makeTree(),
  source: { type: 'volume', volume: 'shop_uploads' },
}))
