import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Item, StoredObject } from '../core/backup.js'
import { isSealed } from '../core/encrypted-manifest.js'
import { HoldfastError } from '../core/errors.js'
import { loadCommands, type RecoveredFile } from '../core/load-commands.js'
import type { Recovered, RecoveredSource, RecoverRequest } from '../core/recovery.js'
import { selectItems } from '../core/restore-plan.js'
import type { LocatedBackup } from '../core/work/catalog.js'
import type { Catalog } from './catalog/catalog.js'
import type { Destination } from './destinations/driver.js'
import { syncFolder } from './durable-file.js'
import { dataKeyOf } from './keys/backup-keys.js'
import type { Keys } from './keys/key.js'
import { objectReader } from './pipeline/object-reader.js'
import { requireBelievable } from './preview-restore.js'
import type { SourceTools } from './source-context.js'
import type { ObjectReader, RestoreTarget } from './sources/driver.js'
import { removeTree } from './sources/file-tree/entries.js'
import { statOf } from './sources/file-tree/plan-restore.js'
import { notWritable } from './sources/file-tree/stage.js'
import { isBelow } from './sources/file-tree/tree.js'
import { sources } from './sources/registry.js'
import { withDriver } from './with-driver.js'

/** What a recovery needs of the world: one destination, and the keys. */
export interface RecoverTools extends SourceTools {
  readonly catalog: Catalog
  readonly keys: Keys
  readonly destination: Destination
}

/**
 * Brings a backup into a folder: files and volumes as trees, dumps as files. A source appears under its name only when all of
 * it was checked, so that what is there can be trusted, and may run again after it was killed. Never overwrites: fails with
 * `restore.conflict`. Fails otherwise as `stage` of the drivers, `Catalog.find`, and with `backup.unauthenticated`.
 */
export async function recoverBackup(
  tools: RecoverTools,
  request: RecoverRequest,
  signal: AbortSignal,
): Promise<Recovered> {
  const reference = { backupId: request.backupId, among: 'all' as const }
  const located = await tools.catalog.find(reference, signal)
  requireKey(located)
  const { allowUnauthenticated = false, sources: names, include } = request
  const manifest = requireBelievable(located, { reference, allowUnauthenticated }, tools.site.host)
  const items = selectItems(manifest.items, {
    reference,
    ...(names === undefined ? {} : { sources: names }),
    ...(include === undefined ? {} : { include }),
  })
  for (const { source } of items) await requireFree(request.folder, source)
  const { destination } = tools
  const dataKey = await dataKeyOf(tools.keys, { destination, manifest }, signal)
  const backup = { destination, plan: manifest.plan, backupId: manifest.id, signal }
  const reader = objectReader({ ...backup, ...(dataKey ? { dataKey } : {}) })
  const recovered: RecoveredSource[] = []
  for (const item of items) {
    request.onSource?.(item.source)
    recovered.push(await recoverItem({ tools, request, reader, signal, backupId: manifest.id }, item))
  }
  const { id: backupId, plan, takenAt } = manifest
  return { backupId, plan, takenAt, sources: recovered }
}

function requireKey({ manifest, keyIds }: LocatedBackup): void {
  if (!isSealed(manifest)) return
  throw new HoldfastError(
    'key.not-found',
    `Backup ${manifest.id} is encrypted for ${(keyIds ?? manifest.encryption.keyIds).map((id) => `key ${id}`).join(' or ')}, and none of the given keys opens it.`,
    { hint: 'Give one of its keys with --key FILE, --key-variable NAME or --key-settings SETTINGS.' },
  )
}

interface Recovering {
  readonly tools: RecoverTools
  readonly request: RecoverRequest
  readonly reader: ObjectReader
  readonly signal: AbortSignal
  readonly backupId: string
}

/** Begins the names of folders that are not complete: what a recovery that was killed has left is begun anew. */
const UNFINISHED = '.holdfast-recovering-'
/** Sources of plans have no other names; a manifest may say anything. */
const SOURCE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

async function requireFree(folder: string, source: string): Promise<void> {
  if (!SOURCE_NAME.test(source))
    throw new HoldfastError('backup.corrupt', `"${source}" is no name of a source: it is not recovered.`)
  const place = join(folder, source)
  if (!(await statOf(place))) return
  throw new HoldfastError('restore.conflict', `${place} exists: nothing is overwritten.`, {
    hint: 'Choose another folder with --to, or other sources with --source.',
  })
}

async function recoverItem(recovering: Recovering, item: Item): Promise<RecoveredSource> {
  const { folder } = recovering.request
  const unfinished = join(folder, `${UNFINISHED}${item.source}`)
  const place = join(folder, item.source)
  await removeTree(unfinished)
  await mkdir(unfinished, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw notWritable(folder, error)
  })
  try {
    // By what it is, not by what it holds: drivers of databases would restore into a server that the manifest names.
    const isTree = item.type === 'files' || item.type === 'volume'
    const names = isTree ? undefined : await writeDumps(recovering, item, unfinished)
    if (isTree) await recoverTree(recovering, item, unfinished)
    await requireFree(folder, item.source)
    // A volume lies in a folder of its own already.
    await rename(item.type === 'volume' ? join(unfinished, item.source) : unfinished, place)
    await syncFolder(folder)
    const { source, type } = item
    if (names === undefined) return { source, type, folder: place, load: [] }
    const files: RecoveredFile[] = names.map(({ object, name }) => ({ object, path: join(place, name) }))
    return {
      ...{ source, type, folder: place },
      files: files.map(({ path }) => path),
      load: loadCommands(item, files),
    }
  } finally {
    await removeTree(unfinished)
  }
}

/** As a restore to another folder does it: into a place beside, checked to the end, then renamed. */
async function recoverTree(
  { tools, request, reader, signal, backupId }: Recovering,
  item: Item,
  folder: string,
): Promise<void> {
  const target: RestoreTarget = {
    restoreId: `${backupId}/recover`,
    to: folder,
    ...(request.include === undefined ? {} : { include: request.include }),
  }
  const work = { tools, drivers: sources, signal }
  await withDriver(work, { sourceName: item.source, type: item.type }, async (driver, context) => {
    await driver.preview(item, target, context)
    const moves = await driver.stage(item, target, reader, context)
    const outside = moves.find((move) => !isBelow(move.target, folder))
    if (outside)
      throw new HoldfastError('archive.hostile', `Source "${item.source}" names a path outside of its place.`)
    await driver.swap(moves, context)
  })
}

async function writeDumps(
  { reader, signal }: Recovering,
  { objects }: Item,
  folder: string,
): Promise<readonly { readonly object: StoredObject; readonly name: string }[]> {
  const written = []
  for (const object of objects) {
    const name = plainName(object)
    // Read to its end before anything is named as recovered: the reader compares sizes and digests there.
    const file = createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600, flush: true })
    try {
      await pipeline(reader.open(object), file, { signal })
    } catch (error) {
      throw notWritable(folder, error)
    }
    written.push({ object, name })
  }
  await syncFolder(folder)
  return written
}

/** `orders_20261120_013000.dump.zst.enc` → `orders_20261120_013000.dump`. */
function plainName({ name }: StoredObject): string {
  const plain = name.replace(/\.enc$/, '').replace(/\.(zst|gz)$/, '')
  if (plain !== '' && basename(plain) === plain && !plain.startsWith('.')) return plain
  throw new HoldfastError('backup.corrupt', `"${name}" is no name of an object: it is not recovered.`)
}
