import { lstatSync, opendirSync, type Dir, type Dirent } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bytesOf, type BytePath } from './byte-path.js'

/** Names per list handed on: some 64 KiB of them. */
const BATCH_BYTES = 64 * 1024
/** Entries read from a folder in one system call and one go. */
const READ_AHEAD = 128
/** The event loop is never kept for longer: about a fifth of what we promise. */
const MAX_TURN_MS = 10
/** Safety copies and staging places of restores, inside mount points: data that was replaced is no data to back up. */
export const OWN_FOLDER = /^\.holdfast-(?:restore|before)-/

export interface Walk {
  /** Absolute; names are relative to it. */
  readonly base: BytePath
  /** What to list, relative to `base`; `.` for all of it. */
  readonly roots: readonly BytePath[]
  /** Whether to leave out a path, given relative to its root. */
  readonly isExcluded: (relative: BytePath) => boolean
  /** Absolute paths that are never read: destinations, our own state. */
  readonly neverRead: ReadonlySet<BytePath>
  readonly onUnreadable: (path: BytePath, cause: 'unreadable' | 'vanished') => void
  /** What the walk ends with when a root, as an absolute path, is not there or cannot be read as its turn comes. */
  readonly rootFailure: (path: BytePath, error: unknown) => unknown
  readonly onSocket: () => void
  /** Milliseconds from any start, to give way to others in time. */
  readonly milliseconds: () => number
}

/**
 * Lists files and folders for `tar --null -T -`: names as bytes, each with a NUL at its end. Follows no links. A folder comes
 * right before all that is in it, so tar can set its times last. Sockets cannot be archived; they are counted only.
 */
export async function* walk(options: Walk): AsyncGenerator<Buffer, void, undefined> {
  let batch = ''
  let turnStarted = options.milliseconds()
  for (const path of pathsOf(options)) {
    if (path !== undefined) batch += `${path}\0`
    if (batch.length > BATCH_BYTES) {
      yield bytesOf(batch)
      batch = ''
    }
    if (options.milliseconds() - turnStarted > MAX_TURN_MS) {
      await nextTurn()
      turnStarted = options.milliseconds()
    }
  }
  if (batch !== '') yield bytesOf(batch)
}

/** Depth first, by a stack of names: only one folder is open at a time, whatever the depth. */
function* pathsOf(options: Walk): Generator<BytePath | undefined, void, undefined> {
  for (const root of options.roots) {
    const isFolder = isReadableFolder(root, options)
    if (!isFolder) yield root
    const folders = isFolder ? [root] : []
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      yield folder
      yield* entriesOf(folder, root, folders, options)
    }
  }
}

/** Of a root: all of it being gone is the loss of a disk, and not a file that somebody removed meanwhile. */
function isReadableFolder(root: BytePath, options: Walk): boolean {
  const path = within(options.base, root)
  try {
    if (!lstatSync(bytesOf(path)).isDirectory()) return false
    opendirSync(bytesOf(path)).closeSync()
    return true
  } catch (error) {
    throw options.rootFailure(path, error)
  }
}

/** Names in one folder; undefined for what is left out, so that the caller can give way. Folders are put aside. */
function* entriesOf(
  folder: BytePath,
  root: BytePath,
  folders: BytePath[],
  options: Walk,
): Generator<BytePath | undefined, void, undefined> {
  const directory = opened(folder, options)
  if (!directory) return
  try {
    for (let entry = next(directory, folder, options); entry; entry = next(directory, folder, options)) {
      const name = (entry.name as unknown as Buffer).toString('latin1')
      const path = folder === '.' ? name : `${folder}/${name}`
      if (isLeftOut(path, name, root, options)) {
        yield undefined
      } else if (entry.isSocket()) {
        options.onSocket()
        yield undefined
      } else if (isFolder(entry, path, options)) {
        // Listed when its turn comes, right before its content.
        folders.push(path)
        yield undefined
      } else {
        yield path
      }
    }
  } finally {
    directory.closeSync()
  }
}

function isLeftOut(path: BytePath, name: BytePath, root: BytePath, options: Walk): boolean {
  if (OWN_FOLDER.test(name) || options.neverRead.has(within(options.base, path))) return true
  return options.isExcluded(root === '.' ? path : path.slice(root.length + 1))
}

/** Some filesystems do not tell the type with the name. */
function isFolder(entry: Dirent, path: BytePath, options: Walk): boolean {
  const isKnown =
    entry.isDirectory() ||
    entry.isFile() ||
    entry.isSymbolicLink() ||
    entry.isFIFO() ||
    entry.isCharacterDevice() ||
    entry.isBlockDevice()
  return isKnown ? entry.isDirectory() : typeOf(path, options) === 'folder'
}

function typeOf(path: BytePath, options: Walk): 'folder' | 'other' | 'gone' {
  try {
    return lstatSync(bytesOf(within(options.base, path))).isDirectory() ? 'folder' : 'other'
  } catch (error) {
    options.onUnreadable(path, causeOf(error))
    return 'gone'
  }
}

function opened(folder: BytePath, options: Walk): Dir | undefined {
  try {
    return opendirSync(bytesOf(within(options.base, folder)), {
      // Names as bytes: the types of Node know only text here.
      encoding: 'buffer' as BufferEncoding,
      bufferSize: READ_AHEAD,
    })
  } catch (error) {
    options.onUnreadable(folder, causeOf(error))
    return undefined
  }
}

function next(directory: Dir, folder: BytePath, options: Walk): Dirent | null {
  try {
    return directory.readSync()
  } catch (error) {
    options.onUnreadable(folder, causeOf(error))
    return null
  }
}

const causeOf = (error: unknown): 'unreadable' | 'vanished' =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? 'vanished' : 'unreadable'

export const within = (base: BytePath, path: BytePath): BytePath =>
  path === '.' ? base : base === '/' ? `/${path}` : `${base}/${path}`
