import { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { NotCaptured } from '../../core/backup.js'
import type { Shell } from '../services/driver.js'
import { bytesOf, type BytePath } from './byte-path.js'
import type { TarEntry } from './tar-header.js'
import { judgeTarMessages } from './tar-messages.js'
import { TarScanner } from './tar-scanner.js'

/** tar writes this much at a time, in blocks of 512 bytes: its default of 10 KiB costs a system call each. */
const RECORD_BLOCKS = 256
/** Two blocks of zeros end an archive; tar reads in records of 20 blocks, and an archive is padded to them. */
const END_BLOCKS = 2
const PADDED_BLOCKS = 20
const BLOCK = 512
const SHOWN_LINES = 5
/** Messages in C: they are judged line by line. */
export const TAR_ENVIRONMENT = { LC_ALL: 'C' } as const

export interface ArchiveRequest {
  readonly shell: Shell
  /** Absolute; members are named relative to it. */
  readonly base: BytePath
  /** One list of names for each root, NUL after each; see `walk`. */
  readonly lists: readonly AsyncIterable<Buffer>[]
  readonly signal: AbortSignal
  readonly onEntry: (entry: TarEntry) => Promise<void> | void
  readonly onNotCaptured: (notCaptured: readonly NotCaptured[]) => void
}

/**
 * One archive of several roots, each read by a GNU tar of its own: so a restore finds the members of a root together, and no
 * hard link leads from one root into another, which may by then lie on another filesystem. Errors with `source.failed` when
 * tar says one thing that it does not say of single files.
 */
export async function* archive(request: ArchiveRequest): AsyncGenerator<Buffer, void, undefined> {
  let offset = 0
  for (const list of request.lists) {
    const scanner = new TarScanner()
    const start = offset
    for await (const chunk of tarOf(list, request)) {
      const { bytes, entries } = membersIn(scanner, chunk)
      for (const entry of entries) await request.onEntry({ ...entry, offset: entry.offset + start })
      if (bytes.length > 0) yield bytes
    }
    if (!scanner.isComplete) throw failed(request.shell.place, ['It ended before its archive did.'])
    offset = start + scanner.offset
  }
  const blocks = offset / BLOCK + END_BLOCKS
  yield Buffer.alloc((Math.ceil(blocks / PADDED_BLOCKS) * PADDED_BLOCKS - offset / BLOCK) * BLOCK)
}

/** Pieces of one chunk lie one after another in memory: handed on as one. The zeros at the end are left out. */
function membersIn(scanner: TarScanner, chunk: Buffer): { bytes: Buffer; entries: TarEntry[] } {
  const entries: TarEntry[] = []
  let first: Buffer | undefined
  let length = 0
  for (const { bytes, entry } of scanner.scan(chunk)) {
    first ??= bytes
    length += bytes.length
    if (entry) entries.push(entry)
  }
  return { bytes: first ? Buffer.from(first.buffer, first.byteOffset, length) : Buffer.alloc(0), entries }
}

function tarOf(list: AsyncIterable<Buffer>, request: ArchiveRequest): AsyncIterable<Buffer> {
  const { shell, signal, onNotCaptured } = request
  const argv = [
    ...[
      'tar',
      '--create',
      '--file=-',
      '--format=posix',
      '--sparse',
      '--acls',
      '--xattrs',
      '--xattrs-include=*',
    ],
    ...['--numeric-owner', '--quoting-style=escape', `--blocking-factor=${RECORD_BLOCKS}`],
    // The folder as text: only what is below it may have names that are none. It comes from the plan or from Docker.
    `--directory=${bytesOf(request.base).toString('utf8')}`,
    ...['--null', '--verbatim-files-from', '--no-recursion', '--files-from=-'],
  ]
  return shell.stream(argv, {
    signal,
    environment: TAR_ENVIRONMENT,
    stdin: Readable.from(list, { objectMode: true, highWaterMark: 1 }),
    onExit: ({ code, stderr }) => {
      const { notCaptured, unknown } = judgeTarMessages(stderr)
      const isKnown = (code === 1 || code === 2) && unknown.length === 0 && notCaptured.length > 0
      if (!isKnown) throw failed(shell.place, unknown.length > 0 ? unknown : [`It exited with code ${code}.`])
      onNotCaptured(notCaptured)
    },
  }) as AsyncIterable<Buffer>
}

const failed = (place: string, lines: readonly string[]): HoldfastError =>
  new HoldfastError('source.failed', `"tar" (${place}) failed: ${lines.slice(0, SHOWN_LINES).join(' · ')}`, {
    hint: 'No item was made of this attempt. Check the disk and the log of the system.',
  })
