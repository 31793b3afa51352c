/**
 * What went wrong, in seven kinds. The kind alone decides what happens next: whether it is retried, the exit code of
 * the CLI, the status of HTTP.
 */
export type ErrorKind = 'input' | 'missing' | 'denied' | 'conflict' | 'unavailable' | 'capacity' | 'corrupt'

/** Every error that Holdfast expects, with its kind. Each has a section in `docs/errors.md`; a test keeps it complete. */
export const errorCatalogue = {
  'config.not-found': 'missing',
  'config.invalid': 'input',
  'config.unsafe': 'denied',
  'config.exists': 'conflict',
  'config.not-written': 'denied',
  'plan.invalid': 'input',
  'plan.not-found': 'missing',
  'plan.not-allowed': 'denied',
  'secret.not-found': 'missing',
  'secret.unsafe': 'denied',
  'key.not-found': 'missing',
  'key.unsafe': 'denied',
  'key.invalid': 'input',
  'key.exists': 'conflict',
  'key.in-use': 'input',
  'key.denied': 'denied',
  'key.module-missing': 'missing',
  'key.unavailable': 'unavailable',
  'temporal.unreachable': 'unavailable',
  'temporal.cli-missing': 'missing',
  'temporal.failed': 'unavailable',
  'temporal.denied': 'denied',
  'temporal.namespace-missing': 'missing',
  'state.denied': 'denied',
  'agent.running': 'conflict',
  'agent.not-running': 'missing',
  'agent.offline': 'unavailable',
  'agent.stopping': 'unavailable',
  'agent.not-recorded': 'unavailable',
  'service.not-found': 'missing',
  'service.invalid': 'input',
  'service.stop-failed': 'unavailable',
  'service.start-failed': 'unavailable',
  'service.unhealthy': 'unavailable',
  'docker.unreachable': 'unavailable',
  'docker.denied': 'denied',
  'runtime.unreachable': 'unavailable',
  'runtime.denied': 'denied',
  'lease.busy': 'conflict',
  'lease.released': 'conflict',
  'lease.expired': 'conflict',
  'lock.taken': 'conflict',
  'journal.damaged': 'corrupt',
  'journal.unusable': 'unavailable',
  'journal.missing': 'missing',
  'journal.no-entry': 'missing',
  'source.not-found': 'missing',
  'source.denied': 'denied',
  'source.damaged': 'corrupt',
  'source.failed': 'unavailable',
  'source.no-space': 'capacity',
  'source.tool-missing': 'missing',
  'source.tool-version': 'input',
  'database.unreachable': 'unavailable',
  'database.denied': 'denied',
  'database.not-found': 'missing',
  'database.conflict': 'conflict',
  'destination.not-found': 'missing',
  'destination.invalid': 'input',
  'destination.denied': 'denied',
  'destination.full': 'capacity',
  'destination.unavailable': 'unavailable',
  'destination.not-mounted': 'missing',
  'destination.version': 'input',
  'destination.host-key': 'denied',
  'destination.unsupported': 'input',
  'destination.plugin-failed': 'unavailable',
  'spool.full': 'capacity',
  'spool.failed': 'unavailable',
  'spool.lost': 'unavailable',
  'object.not-found': 'missing',
  'object.conflict': 'conflict',
  'object.corrupt': 'corrupt',
  'backup.not-found': 'missing',
  'backup.ambiguous': 'input',
  'backup.corrupt': 'corrupt',
  'backup.unauthenticated': 'denied',
  'backup.version': 'input',
  'backup.inconsistent': 'conflict',
  'backup.not-good': 'conflict',
  'backup.deleted': 'missing',
  'backup.pinned': 'input',
  'restore.not-allowed': 'denied',
  'restore.no-space': 'capacity',
  'restore.conflict': 'conflict',
  'restore.failed': 'unavailable',
  'restore.not-found': 'missing',
  'restore.ended': 'input',
  'archive.hostile': 'corrupt',
  'run.not-found': 'missing',
  'run.failed': 'unavailable',
  'run.timeout': 'unavailable',
  'schedule.not-found': 'missing',
  'flag.invalid': 'input',
  'confirmation.needed': 'input',
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCatalogue

export interface ErrorContext {
  /** What to do, imperative. */
  readonly hint?: string
  /** Facts for programs: small, JSON, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** An expected failure: what failed, on which thing, in one sentence; what to do, in the hint. */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.hint = context.hint
    this.details = context.details
  }

  get kind(): ErrorKind {
    return errorCatalogue[this.code]
  }
}

/** Kinds for which trying again can help. `capacity` needs a person; the rest stays as it is. */
export const isRetryable = (kind: ErrorKind): boolean => kind === 'conflict' || kind === 'unavailable'

/** What an error is to a program: the shape of `--json` failures. */
export interface ErrorReport {
  readonly code: ErrorCode | 'bug'
  readonly kind: ErrorKind | 'bug'
  readonly message: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export const reportOf = (error: HoldfastError): ErrorReport => ({
  code: error.code,
  kind: error.kind,
  message: error.message,
  ...(error.hint === undefined ? {} : { hint: error.hint }),
  ...(error.details === undefined ? {} : { details: error.details }),
})
