import { createReadStream } from 'node:fs'
import { access, constants, rm, stat, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HoldfastError } from '../../../core/errors.js'
import { formatBytes } from '../../../core/units.js'
import type { SqliteSource } from '../../../schemas/sources.js'
import type { ObjectSink, ReadResult, SourceContext } from '../driver.js'
import { partName } from '../part-name.js'
import { findEngine } from './engine.js'
import { needsRecovery } from './failures.js'
import { fileHint, type FileRecord } from './record.js'

/** Whatever lies beside a database and belongs to it. */
export const SIDECARS = ['-wal', '-shm', '-journal'] as const
const COPY_NAME = 'copy.sqlite'

export async function preflightSqlite(source: SqliteSource, context: SourceContext): Promise<void> {
  const engine = await findEngine(context.shell(), context.signal)
  for (const path of source.paths) {
    await checkFile(path)
    await checkRoom(path, context.scratchFolder)
    await engine.check(path, 'live').catch((error: unknown) => {
      // Reading plays the journal of a crashed writer back; a preflight changes nothing.
      if (!needsRecovery(error)) throw error
    })
  }
}

export async function readSqlite(
  source: SqliteSource,
  sink: ObjectSink,
  context: SourceContext,
): Promise<ReadResult> {
  const engine = await findEngine(context.shell(), context.signal)
  const place = { folder: context.scratchFolder, name: COPY_NAME }
  const copy = join(place.folder, place.name)
  const hints: Record<string, string> = {}
  let tables = 0
  try {
    for (const [path, part] of partsOf(source.paths)) {
      const record = await checkFile(path)
      await checkRoom(path, place.folder)
      await rm(copy, { force: true })
      tables += await engine.copy(path, place)
      await engine.check(copy, 'still', path)
      await sink.store({ kind: 'sqlite', part }, createReadStream(copy, { signal: context.signal }))
      hints[fileHint(part)] = JSON.stringify(record)
    }
  } finally {
    for (const name of ['', ...SIDECARS]) await rm(copy + name, { force: true })
  }
  return {
    counts: { files: source.paths.length, tables },
    notCaptured: [],
    hints,
    tools: { sqlite: engine.version },
  }
}

/** A part for every path: its file's name where that is unique, else with a number. */
export function partsOf(paths: readonly string[]): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  const taken = new Set<string>()
  for (const path of new Set(paths)) {
    const name = partName(basename(path))
    let part = name
    for (let number = 2; taken.has(part); number++) part = `${name}-${number}`
    taken.add(part)
    parts.set(path, part)
  }
  return parts
}

async function checkFile(path: string): Promise<FileRecord> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw unreadable(path, error)
    throw new HoldfastError('source.not-found', `SQLite database ${path} does not exist.`, {
      hint: 'Correct `paths` of the source.',
      cause: error,
    })
  })
  if (!found.isFile()) {
    throw new HoldfastError('source.not-found', `${path} is no file, so no SQLite database.`, {
      hint: 'Name the database file itself in `paths` of the source.',
    })
  }
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found.size === 0) {
    throw new HoldfastError('source.damaged', `SQLite database ${path} is empty: 0 bytes.`, {
      hint: 'Find out what emptied it. When it was never used yet, leave it out of the plan until it is.',
    })
  }
  return { path, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid }
}

const unreadable = (path: string, cause: unknown): HoldfastError =>
  new HoldfastError('source.denied', `SQLite database ${path} may not be read by the worker.`, {
    hint: 'Run the worker as a user who may, or change the rights of the file and its folders.',
    cause,
  })

/** The copy is as big as the database with its WAL. SQLite can copy into a file only. */
async function checkRoom(path: string, folder: string): Promise<void> {
  const sizes = await Promise.all(
    [path, `${path}-wal`].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const wanted = sizes.reduce((sum, size) => sum + size, 0)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= wanted) return
  throw new HoldfastError(
    'source.no-space',
    `Copying ${path} needs ${formatBytes(wanted)}, but only ${formatBytes(free)} are free in ${folder}.`,
    { hint: 'Make room there, or set `stateDir` in holdfast.yaml to a place that has it.' },
  )
}
