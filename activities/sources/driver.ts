import type { Readable } from 'node:stream'
import type { CaptureProgress } from '../../core/work/capture.js'
import type { RestorePreviewItem, StagedMove, SwappedItem } from '../../core/work/restore.js'
import type { Counts } from '../../core/rehearsal.js'
import type { Item, NotCaptured, ObjectKind, StoredObject } from '../../core/backup.js'
import type { SourceOf, SourceType } from '../../schemas/sources.js'
import type { Shell } from '../services/driver.js'
import type { Secrets } from '../secrets.js'

/**
 * A kind of data that plans can read. Drivers know services only as a `Shell`, destinations only as a sink of streams.
 * Fails with codes `source.*` and `database.*`.
 */
export interface SourceDriver<T extends SourceType> {
  /** Everything that can fail is tried here, before anything stops: tools, rights, paths, databases. Changes nothing. */
  preflight(source: SourceOf<T>, context: SourceContext): Promise<void>
  /** Reads the source into the sink, object by object. The item exists only when this returns. */
  read(source: SourceOf<T>, sink: ObjectSink, context: SourceContext): Promise<ReadResult>
  /** What `stage` and `swap` would do, in sentences. Checks space, tools and rights. Changes nothing. */
  preview(item: Item, target: RestoreTarget, context: SourceContext): Promise<RestorePreviewItem>
  /**
   * Restores beside the place where the data belongs (or into it, where nothing is there), and verifies all of it. Touches
   * nothing that is in use; may run twice.
   * When it fails, it leaves nothing behind.
   */
  stage(
    item: Item,
    target: RestoreTarget,
    objects: ObjectReader,
    context: SourceContext,
  ): Promise<readonly StagedMove[]>
  /** Replaces old by new. Quick: renames. May run twice, also after it was killed half-way. */
  swap(moves: readonly StagedMove[], context: SourceContext): Promise<Swapped>
  /**
   * What `swap` has put aside and `discard` would bring back, by its name (`safety`), as far as it is there now. Changes
   * nothing. Whoever undoes a swap later compares: without it, a discard would leave nothing in place of the restored.
   */
  kept(moves: readonly StagedMove[], context: SourceContext): Promise<readonly string[]>
  /**
   * Reads a stored object to its end, and looks whether it is what it should be beyond its bytes. Fails with
   * `object.corrupt`, `source.damaged`, `archive.hostile`; with `source.tool-missing` and `source.no-space` where this host
   * cannot look, which says nothing about the object.
   */
  inspect(item: Item, object: StoredObject, objects: ObjectReader, context: SourceContext): Promise<void>
  /**
   * Restores into a place of its own, and counts what came as `read` counts: touches nothing that is in use. May run twice.
   * What it makes stays until `forget`.
   */
  rehearse(
    item: Item,
    place: RehearsalPlace,
    work: { readonly objects: ObjectReader; readonly context: SourceContext },
  ): Promise<Counts>
  /** Removes what a rehearsal made outside of its folder. Nothing there is success; may run twice. */
  forget(item: Item, place: RehearsalPlace, context: SourceContext): Promise<void>
  /** Undoes `swap` as far as it came, then removes what was staged. May run twice, also after it was killed half-way. */
  discard(moves: readonly StagedMove[], context: SourceContext): Promise<void>
}

export interface Swapped extends Omit<SwappedItem, 'source'> {
  /** As `kept` says it, right after the swap. */
  readonly kept: readonly string[]
}

export interface SourceContext {
  /** Name of the source in its plan, for messages. */
  readonly sourceName: string
  /** Left out: on the host. `docker:shop-db`: inside that container. */
  shell(place?: string): Shell
  readonly secrets: Secrets
  readonly signal: AbortSignal
  readonly clock: () => Date
  /** Where the Docker volume's data lies on this host. */
  volumePath(volume: string): Promise<string>
  /** A folder of our own, 0700, for small files that a tool insists on (a .pgpass, a socket); emptied afterwards. */
  readonly scratchFolder: string
  /** Absolute paths of this host that are no data: destinations, our own state. Left out: none. */
  readonly neverRead?: readonly string[]
  progress(update: Partial<CaptureProgress>): void
}

/** Takes the objects of one item. */
export interface ObjectSink {
  /**
   * Digests, compresses, digests again and stores; resolves when the object is complete and durable at the destination.
   * When the stream errors, nothing is left there.
   */
  store(object: { kind: ObjectKind; part?: string }, body: Readable): Promise<StoredObject>
}

export interface ReadResult {
  readonly counts: Readonly<Record<string, number>>
  readonly notCaptured: readonly NotCaptured[]
  readonly hints: Readonly<Record<string, string>>
  readonly tools: Readonly<Record<string, string>>
}

export interface ObjectReader {
  /** Plain bytes. Errors with `object.corrupt` at the latest at its end, when one byte is not as recorded. */
  open(object: StoredObject): Readable
}

/** Where a rehearsal may put things: a folder of its own, and whatever is named after it. */
export interface RehearsalPlace {
  readonly rehearsalId: string
  /** On this host; nothing is in it yet. */
  readonly folder: string
}

export interface RestoreTarget {
  readonly restoreId: string
  /** Another folder than where the files came from. */
  readonly to?: string
  readonly database?: string
  /** Globs: only these, laid over what is there. */
  readonly include?: readonly string[]
  /**
   * Absolute paths that other sources have, and replace themselves. Where one lies in a folder that is replaced, it stays as it
   * is, whatever the archive of that folder has of it; where nothing is, the archive's own comes.
   */
  readonly others?: readonly string[]
}
