import type { Readable } from 'node:stream'
import type { HoldMode } from '../../schemas/holds.js'
import type { ObservedService } from '../../core/work/holds.js'
import type { ProcessIdentity } from './process-identity.js'

/**
 * A runtime that services live in. Verbs ask for an end state, not for an action: stopping what is stopped and starting
 * what runs succeed. Every call may run twice. Fails with `service.not-found`, `docker.unreachable`, `docker.denied` (other
 * runtimes: `runtime.unreachable`, `runtime.denied`), `service.stop-failed`, `service.start-failed`.
 */
export interface ServiceDriver {
  /** The one name of the service, whatever way it was referred to: two references to one container resolve alike. */
  resolve(name: string, signal: AbortSignal): Promise<string>
  /** Never changes anything. `name` is what `resolve` gave. */
  observe(name: string, signal: AbortSignal): Promise<ObservedService>
  /** Returns when every process of the service has ended (`stop`) or is frozen (`pause`). */
  stop(name: string, how: HowToStop, signal: AbortSignal): Promise<void>
  /** Undoes `stop`: returns when the runtime says that it runs. `mode` is how it was held. */
  start(name: string, how: HowToStart, signal: AbortSignal): Promise<void>
  /**
   * Whether a start goes on that a `stop` would undo and that `start` joins: then no stop goes on. Left out: the runtime
   * cannot tell one from the other.
   */
  readonly isStarting?: (name: string, signal: AbortSignal) => Promise<boolean>
  /** What must start before it and stops with it, as its runtime says. Left out: the runtime knows nothing of the kind. */
  readonly relations?: (name: string, signal: AbortSignal) => Promise<ServiceRelations>
  /** Runs commands inside the service. */
  shell(name: string): Shell
}

/** Canonical references; they may name services that are not there. */
export interface ServiceRelations {
  /** What it needs: it starts after these, and stops before them. */
  readonly startsAfter: readonly string[]
  /** What the runtime itself stops when it stops this one, without starting it again. */
  readonly stopsAlso: readonly string[]
}

export interface HowToStop {
  readonly mode: HoldMode
  readonly timeoutMs: number
  /** Told of the process that does it, where there is one: it may outlive us, and must be gone before a start. */
  readonly onProcess?: (process: ProcessIdentity) => Promise<void>
}

export interface HowToStart {
  readonly mode: HoldMode
  /** As of `HowToStop`: it may still be at work when we come back. */
  readonly onProcess?: (process: ProcessIdentity) => Promise<void>
}

export interface CommandOptions {
  /** Secrets go in here, by stdin or by file: never by argv. */
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: Readable | string
  readonly signal: AbortSignal
  /** Judges an exit that is not 0: return to accept it, throw to name the failure. Left out: `source.failed`. */
  readonly onExit?: (exit: { code: number; stderr: string }) => void
  readonly workingFolder?: string
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** Runs commands where the data lives: on the host, or inside a container. Takes argv, never a shell string. */
export interface Shell {
  /** For messages: `host`, `docker:shop-db`. */
  readonly place: string
  /**
   * Standard output as a stream. Ends only after the command exited well: an exit code other than 0, a signal or a lost
   * connection *errors* the stream, so a broken dump can never pass as a short one. Ends the command's whole process
   * group when the signal aborts or the stream is destroyed. Fails with `source.tool-missing` when there is no such program.
   */
  stream(argv: readonly string[], options: CommandOptions): Readable
  /** The same for short commands; output is limited to 8 MiB. */
  run(argv: readonly string[], options: CommandOptions): Promise<{ stdout: string; stderr: string }>
}
