import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, chmod, chown, constants, mkdir, open, realpath, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { globMatcher } from '../../../core/globs.js'
import { formatBytes } from '../../../core/units.js'
import type { RestorePreviewItem, StagedMove } from '../../../core/work/restore.js'
import type { ObjectReader, RestoreTarget, SourceContext } from '../driver.js'
import { findEngine, type SqliteEngine } from './engine.js'
import { SIDECARS } from './read.js'
import { recordOf, type FileRecord } from './record.js'

interface FileRestore {
  readonly object: StoredObject
  readonly record: FileRecord
  readonly target: string
  readonly staged: string
  readonly safety: string
  readonly exists: boolean
}

export async function previewSqlite(
  item: Item,
  target: RestoreTarget,
  context: SourceContext,
): Promise<RestorePreviewItem> {
  const files = await planFiles(item, target)
  await findEngine(context.shell(), context.signal)
  for (const folder of new Set(files.map((file) => dirname(file.target)))) {
    const bytes = sum(
      files.filter((file) => dirname(file.target) === folder).map((file) => file.object.plainBytes),
    )
    await checkFolder(await existingAncestor(folder), bytes)
  }
  return {
    source: item.source,
    type: item.type,
    effects: files.map(({ target: path, safety, exists, object }) =>
      exists
        ? `replaces ${path} (${formatBytes(object.plainBytes)}); the old one is kept as ${safety}`
        : `creates ${path} (${formatBytes(object.plainBytes)})`,
    ),
    bytes: sum(files.map(({ object }) => object.plainBytes)),
    notCaptured: 0,
  }
}

export async function stageSqlite(
  item: Item,
  target: RestoreTarget,
  objects: ObjectReader,
  context: SourceContext,
): Promise<readonly StagedMove[]> {
  const engine = await findEngine(context.shell(), context.signal)
  const files = await planFiles(item, target)
  const moves: StagedMove[] = []
  try {
    for (const file of files) moves.push(await stageFile(file, { objects, engine, context }))
    return moves
  } catch (error) {
    for (const { staged } of files) await removeDatabase(staged)
    throw error
  }
}

/** A database file and what lies beside it. What is not there is success. */
export async function removeDatabase(path: string): Promise<void> {
  for (const name of ['', ...SIDECARS]) await rm(path + name, { force: true })
}

async function stageFile(
  file: FileRestore,
  { objects, engine, context }: { objects: ObjectReader; engine: SqliteEngine; context: SourceContext },
): Promise<StagedMove> {
  const { target, staged, safety, record, object } = file
  if (await isThere(safety)) throw alreadySwapped(safety)
  await mkdir(dirname(staged), { recursive: true })
  await removeDatabase(staged)
  const place = createWriteStream(staged, { flags: 'wx', mode: 0o600 })
  await pipeline(objects.open(object), place, { signal: context.signal }).catch(noRoomToRestore(staged))
  await engine.check(staged, 'still', `${object.name} (restored)`)
  await ownAsRecorded(staged, record)
  await synchronise(staged)
  const { ino } = await stat(staged, { bigint: true })
  return { kind: 'path', target, staged, safety, identity: String(ino) }
}

const alreadySwapped = (safety: string): HoldfastError =>
  new HoldfastError('restore.conflict', `${safety} is already there, kept by this same restore.`, {
    hint: 'Move it away when its data is no longer needed, then restore again.',
  })

const noRoomToRestore = (path: string) => (error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  throw noSpace(dirname(path), 'the disk became full')
}

/** Who is not root owns what he restores; its mode must not let in more people than before, nor fewer. */
async function ownAsRecorded(path: string, record: FileRecord): Promise<void> {
  await chown(path, record.uid, record.gid).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM') throw error
  })
  await chmod(path, record.mode)
}

async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Which file goes where. Fails with `flag.invalid` where a flag means nothing to files. */
async function planFiles(item: Item, target: RestoreTarget): Promise<FileRestore[]> {
  // Without this, `--database look` would replace the files in place, which is the last thing its user wants.
  if (target.database !== undefined) {
    throw new HoldfastError(
      'flag.invalid',
      `--database is for servers, but item "${item.source}" is SQLite files.`,
      {
        hint: 'Use --to FOLDER, or name the other sources with --source.',
      },
    )
  }
  const isWanted = target.include === undefined ? () => true : globMatcher(target.include, { dot: true })
  const wanted = item.objects
    .map((object) => ({ object, record: recordOf(item, object) }))
    .filter(({ record }) => isWanted(record.path) || isWanted(basename(record.path)))
  return Promise.all(
    wanted.map(async ({ object, record }) => {
      const path = await targetOf(record, target, wanted)
      return {
        object,
        record,
        ...namesFor(path, target.restoreId),
        target: path,
        exists: await isThere(path),
      }
    }),
  )
}

async function targetOf(
  { path }: FileRecord,
  { to }: RestoreTarget,
  all: readonly { record: FileRecord }[],
): Promise<string> {
  // Through links: what is renamed must be the database, beside its WAL, not the link to it.
  if (to === undefined) return realpath(path).catch(() => path)
  const isUnique = all.filter(({ record }) => basename(record.path) === basename(path)).length === 1
  return join(to, isUnique ? basename(path) : path)
}

/** The same again for the same restore. */
function namesFor(path: string, restoreId: string): { staged: string; safety: string } {
  const key = createHash('sha256').update(`${restoreId}\0${path}`).digest('hex').slice(0, 8)
  return {
    staged: join(dirname(path), `.holdfast-${key}-${basename(path)}`),
    safety: `${path}.holdfast-before-${key}`,
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

async function existingAncestor(folder: string): Promise<string> {
  let path = folder
  while (!(await isThere(path)) && dirname(path) !== path) path = dirname(path)
  return path
}

async function checkFolder(folder: string, bytes: number): Promise<void> {
  await access(folder, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new HoldfastError(
      'source.denied',
      `The worker may not write to ${folder}, where the database belongs.`,
      {
        hint: 'Change the rights of the folder, or run the worker as a user who may write there.',
        cause: error,
      },
    )
  })
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < bytes) {
    throw noSpace(folder, `${formatBytes(bytes)} are needed, ${formatBytes(bavail * bsize)} are free`)
  }
}

const noSpace = (folder: string, why: string): HoldfastError =>
  new HoldfastError('restore.no-space', `There is no room in ${folder}: ${why}.`, {
    hint: 'Make room: the old data stays until the new is whole. Or restore elsewhere with --to.',
  })

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
