import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { volume } from '../../../activities/sources/volume.js'
import { HoldfastError } from '../../../core/errors.js'
import { backUp, everythingIn, makeBench, readerOf, type Bench } from './files-support.js'
import { makeHostileTree } from './files-hostile-tree.js'
import { testWith } from '../../support/needs.js'

const source = { type: 'volume' as const, volume: 'shop_uploads', exclude: ['cache'] }

let bench: Bench
let data: string
beforeEach(async () => {
  const made = await makeBench()
  data = join(made.folder, 'volumes/shop_uploads/_data')
  mkdirSync(data, { recursive: true })
  const volumePath = async (name: string) => {
    if (name === 'shop_uploads') return data
    throw new HoldfastError('source.not-found', `Volume "${name}" does not exist.`)
  }
  bench = { ...made, context: { ...made.context, volumePath } }
})
afterEach(() => bench.dispose())

testWith(['root'], 'comes back with everything that was in it, and with its own rights', async () => {
  makeHostileTree(data)
  execFileSync('chown', ['999:998', data])
  execFileSync('chmod', ['0710', data])
  const before = everythingIn(data).filter((line) => !line.startsWith('{"path":"."'))

  const { item, result } = await backUp(bench, volume, source)
  rmSync(data, { recursive: true })
  mkdirSync(data)
  const moves = await volume.stage(item, { restoreId: 'b/1' }, readerOf(bench), bench.context)
  await volume.swap(moves, bench.context)

  expect(everythingIn(data).filter((line) => !line.startsWith('{"path":"."'))).toEqual(before)
  expect(statSync(data)).toMatchObject({ uid: 999, gid: 998, mode: 0o40710 })
  expect(result.notCaptured).toEqual([])
})

it('keeps its folder in place: a container may have it mounted', async () => {
  writeFileSync(join(data, 'x'), 'old')
  const inode = statSync(data).ino
  const { item } = await backUp(bench, volume, source)
  writeFileSync(join(data, 'x'), 'new')

  const moves = await volume.stage(item, { restoreId: 'b/1' }, readerOf(bench), bench.context)
  const { safetyCopies } = await volume.swap(moves, bench.context)

  expect(statSync(data).ino).toBe(inode)
  expect(readdirSync(data)).toEqual(['x'])
  expect(readFileSync(join(data, 'x'), 'utf8')).toBe('old')
  expect(safetyCopies).toEqual([expect.stringContaining('_data.holdfast-before-b-1')])
})

it('goes to another folder under the name of its source, without the volume', async () => {
  writeFileSync(join(data, 'x'), 'old')
  const { item } = await backUp(bench, volume, source)
  const gone = { ...item, spec: { ...source, volume: 'gone' } }
  const to = join(bench.folder, 'to')

  const moves = await volume.stage(gone, { restoreId: 'b/1', to }, readerOf(bench), bench.context)
  await volume.swap(moves, bench.context)

  expect(readdirSync(to)).toEqual(['uploads'])
  expect(readFileSync(join(to, 'uploads/x'), 'utf8')).toBe('old')
})

it('leaves out what the plan leaves out', async () => {
  mkdirSync(join(data, 'cache'))
  writeFileSync(join(data, 'cache/x'), '')

  const { result } = await backUp(bench, volume, source)

  expect(result.counts).toEqual({ files: 0, folders: 1 })
})

it('is not captured when it is gone after it was read: Docker may have unmounted it meanwhile', async () => {
  writeFileSync(join(data, 'x'), 'old')
  let asked = 0
  const volumePath = async () => {
    if (++asked === 1) return data
    throw new HoldfastError('source.not-found', 'It is not mounted.')
  }

  const reading = backUp({ ...bench, context: { ...bench.context, volumePath } }, volume, source)

  await expect(reading).rejects.toMatchObject({ code: 'source.not-found' })
})

it('says that the volume does not exist', async () => {
  const missing = { type: 'volume', volume: 'missing' } as const

  await expect(volume.preflight(missing, bench.context)).rejects.toMatchObject({ code: 'source.not-found' })
})
