import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import type { Destination } from '../../../activities/destinations/driver.js'
import { local } from '../../../activities/destinations/local.js'
import { objectReader } from '../../../activities/pipeline/object-reader.js'
import { objectSink } from '../../../activities/pipeline/object-sink.js'
import type { ReadResult, SourceContext, SourceDriver } from '../../../activities/sources/driver.js'
import type { Item, StoredObject } from '../../../core/backup.js'
import type { Compression } from '../../../schemas/plan.js'
import type { SourceOf } from '../../../schemas/sources.js'
import { backupFolder } from '../../../core/ids.js'
import { sourceContext } from '../../fakes/source-context.js'

const BACKUP = { plan: 'shop', backupId: '20261120-013000-shop-7f3a2c' }
const FOLDER = backupFolder(BACKUP.plan, BACKUP.backupId)
const { signal } = new AbortController()

/** A folder for one test, with a destination in it. */
export interface Bench {
  readonly folder: string
  readonly destination: Destination
  readonly context: SourceContext
  dispose(): Promise<void>
}

export async function makeBench(overrides: Partial<SourceContext> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'))
  await mkdir(join(folder, 'destination'))
  await mkdir(join(folder, 'scratch'))
  const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
  return {
    folder,
    destination: local(random)('disk', { type: 'local', path: join(folder, 'destination') }),
    context: {
      ...sourceContext({ scratchFolder: join(folder, 'scratch'), sourceName: 'uploads' }),
      ...overrides,
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Reads a source by the real pipeline into the real destination. */
export async function backUp<T extends 'files' | 'volume'>(
  { destination, context }: Bench,
  driver: SourceDriver<T>,
  source: SourceOf<T>,
  compression: Required<Compression> = { algorithm: 'zstd', level: 3 },
): Promise<{ item: Item; result: ReadResult }> {
  await driver.preflight(source, context)
  const sink = objectSink({
    destination,
    folder: FOLDER,
    prefixOf: () => 'uploads_20261120_013000',
    compression,
    signal: context.signal,
    onBytes: () => undefined,
  })
  const result = await driver.read(source, sink, context)
  return { item: itemOf(source, sink.objects, result), result }
}

export function itemOf(
  source: SourceOf<'files' | 'volume'>,
  objects: readonly StoredObject[],
  result: Partial<ReadResult> = {},
): Item {
  const notCapturedCounts: Record<string, number> = {}
  for (const { cause } of result.notCaptured ?? [])
    notCapturedCounts[cause] = (notCapturedCounts[cause] ?? 0) + 1
  return {
    source: 'uploads',
    type: source.type,
    spec: source,
    stages: ['zstd'],
    objects,
    counts: result.counts ?? {},
    notCaptured: result.notCaptured ?? [],
    notCapturedCounts,
    isConsistent: true,
    startedAt: '2026-11-20T01:30:00.000Z',
    completedAt: '2026-11-20T01:30:01.000Z',
    hints: {},
    tools: {},
  }
}

export const readerOf = ({ destination }: Bench) => objectReader({ destination, ...BACKUP, signal })
export const storedPath = ({ folder }: Bench, item: Item, kind: 'tar' | 'index'): string =>
  join(folder, 'destination', FOLDER, item.objects.find((object) => object.kind === kind)?.name ?? 'none')

/** A bench with a tree that is backed up from it, made anew for each test of the file that asks. */
export function treeForEachTest(): TreeBench {
  let bench: Bench
  let tree: string
  beforeEach(async () => {
    bench = await makeBench()
    tree = join(bench.folder, 'data')
    mkdirSync(tree)
  })
  afterEach(() => bench.dispose())
  return {
    get bench() {
      return bench
    },
    get tree() {
      return tree
    },
    write: (all) => {
      for (const [path, text] of Object.entries(all)) {
        mkdirSync(join(tree, path, '..'), { recursive: true })
        writeFileSync(join(tree, path), text)
      }
    },
    content: () => textsIn(tree),
  }
}

interface TreeBench {
  readonly bench: Bench
  /** Its path. */
  readonly tree: string
  /** Texts by relative path. */
  write(all: Record<string, string>): void
  content(): Record<string, string>
}

/** Texts of all files under a folder, by relative path. */
export function textsIn(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`
    if (entry.isDirectory()) Object.assign(found, textsIn(join(folder, entry.name), `${path}/`))
    else found[path] = readFileSync(join(folder, entry.name), 'utf8')
  }
  return found
}

/** Everything that can be seen of a tree: what a restore must bring back. */
export function everythingIn(root: string): string[] {
  const inodes = new Map<bigint, string>()
  const lines: string[] = []
  const visit = (path: Buffer, relative: string) => {
    const found = lstatSync(path, { bigint: true })
    const isFirst = !inodes.has(found.ino)
    if (isFirst) inodes.set(found.ino, relative)
    const isSparse = found.isFile() && found.size > 1_000_000n && found.blocks * 512n < found.size / 2n
    const facts = {
      path: relative,
      type: Number(found.mode & 0o170000n).toString(8),
      mode: Number(found.mode & 0o7777n).toString(8),
      owner: `${found.uid}:${found.gid}`,
      mtime: String(found.mtimeNs),
      size: found.isDirectory() ? undefined : String(found.size),
      device: found.isCharacterDevice() || found.isBlockDevice() ? String(found.rdev) : undefined,
      content: found.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined,
      link: found.isSymbolicLink() ? readlinkSync(path, 'buffer').toString('hex') : undefined,
      sameAs: isFirst || found.isDirectory() ? undefined : inodes.get(found.ino),
      isSparse,
    }
    lines.push(JSON.stringify(facts))
    if (!found.isDirectory()) return
    const names = (readdirSync(path, { encoding: 'buffer' }) as Buffer[]).sort((a, b) => a.compare(b))
    for (const name of names) {
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${relative}/${name.toString('latin1')}`)
    }
  }
  visit(Buffer.from(root), '.')
  return [...lines, ...extendedAttributes(root)]
}

/** ACLs, xattrs and capabilities, as their own tools print them. */
function extendedAttributes(root: string): string[] {
  const options = { cwd: root, encoding: 'latin1', maxBuffer: 1 << 26 } as const
  const attributes = execFileSync('getfattr', ['-R', '-h', '-d', '-m', '-', '-e', 'hex', '.'], options)
  const lists = execFileSync('getfacl', ['-R', '-n', '-P', '.'], options)
  const sections = (text: string) => text.split('\n\n').sort()
  return [...sections(attributes), ...sections(lists)]
}
