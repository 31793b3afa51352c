import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import type { NotCaptured } from '../../../core/backup.js'
import { excluder } from '../../../core/globs.js'
import { bytePathOf, shownPath } from '../../archive/byte-path.js'
import { archive } from '../../archive/create.js'
import { indexLine } from '../../archive/index-lines.js'
import type { TarEntry, TarType } from '../../archive/tar-header.js'
import { walk } from '../../archive/walk.js'
import type { ObjectSink, ReadResult, SourceContext } from '../driver.js'
import { explained, tarVersion } from './preflight.js'
import { shownMember, type FileTree } from './tree.js'

/** Lines of the index written at a time. */
const INDEX_BATCH_CHARACTERS = 32 * 1024

export const COUNTED_AS = {
  file: 'files',
  link: 'hardLinks',
  symlink: 'symlinks',
  folder: 'folders',
  fifo: 'fifos',
  character: 'devices',
  block: 'devices',
} as const satisfies Record<TarType, string>

/** One tar of the whole tree, and the index of it, both while the files are read: nothing is staged. */
export async function readTree(
  tree: FileTree,
  sink: ObjectSink,
  context: SourceContext,
): Promise<ReadResult> {
  const version = await tarVersion(context)
  const stopping = new AbortController()
  const signal = AbortSignal.any([context.signal, stopping.signal])
  const seen = new Seen(tree, context)
  const index = new IndexStream(signal)
  const tar = archive({
    shell: context.shell(),
    base: bytePathOf(tree.base),
    lists: tree.roots.map(({ member }) => seen.walk(member)),
    signal,
    onEntry: (entry) => {
      seen.count(entry)
      return index.add(entry)
    },
    onNotCaptured: (all) =>
      all.forEach(({ path, cause }) => seen.notCaptured.push({ path: shownMember(tree, path), cause })),
  })

  const storing = [
    sink.store({ kind: 'tar' }, Readable.from(closing(tar, index), { objectMode: true, highWaterMark: 1 })),
    sink.store({ kind: 'index' }, index.body),
  ].map((stored) =>
    stored.catch((error: unknown) => {
      // The other one would wait for ever. Only the first failure is heard.
      stopping.abort(error)
      index.body.destroy()
      throw error
    }),
  )
  const outcomes = await Promise.allSettled(storing)
  if (outcomes.some(({ status }) => status === 'rejected')) throw stopping.signal.reason
  return {
    counts: seen.counts,
    notCaptured: seen.notCaptured,
    hints: {},
    tools: { tar: version },
  }
}

/** The index is whole when the archive is. */
async function* closing(tar: AsyncIterable<Buffer>, index: IndexStream): AsyncGenerator<Buffer> {
  yield* tar
  await index.end()
}

/** What was met on the way. */
class Seen {
  readonly counts: Record<string, number> = { files: 0, folders: 0 }
  readonly notCaptured: NotCaptured[] = []
  readonly #tree: FileTree
  readonly #context: SourceContext
  #entries = 0

  constructor(tree: FileTree, context: SourceContext) {
    this.#tree = tree
    this.#context = context
  }

  walk(member: string): AsyncIterable<Buffer> {
    const isExcluded = excluder(this.#tree.exclude)
    return walk({
      base: bytePathOf(this.#tree.base),
      roots: [member],
      isExcluded: (path) => isExcluded(shownPath(path)),
      neverRead: new Set((this.#context.neverRead ?? []).map(bytePathOf)),
      onUnreadable: (path, cause) =>
        this.notCaptured.push({ path: shownMember(this.#tree, shownPath(path)), cause }),
      rootFailure: (path, error) => explained(error, shownPath(path), this.#context.sourceName),
      onSocket: () => this.#add('sockets'),
      milliseconds: () => this.#context.clock().getTime(),
    })
  }

  count({ type }: TarEntry): void {
    this.#add(COUNTED_AS[type])
    this.#context.progress({ files: ++this.#entries })
  }

  #add(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
}

/** Lines of the index as they become known; waits for its reader. */
class IndexStream {
  readonly body = new PassThrough()
  readonly #signal: AbortSignal
  #batch = ''

  constructor(signal: AbortSignal) {
    this.#signal = signal
    // Its reader hears of a failure; here nobody listens.
    this.body.on('error', () => undefined)
  }

  async add(entry: TarEntry): Promise<void> {
    this.#batch += indexLine(entry)
    if (this.#batch.length >= INDEX_BATCH_CHARACTERS) await this.#flush()
  }

  async end(): Promise<void> {
    await this.#flush()
    this.body.end()
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = ''
    this.#signal.throwIfAborted()
    if (!this.body.write(batch)) await once(this.body, 'drain', { signal: this.#signal })
  }
}
