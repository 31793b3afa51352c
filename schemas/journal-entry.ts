import { Type, type Static } from 'typebox'

const process = Type.Object({ pid: Type.Integer(), startTime: Type.String() })
const instant = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}' })
const oneOf = <const T extends string>(...values: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: values })

/** Keys that we do not know are let be: a newer version of Holdfast may have written the entry. */
export const JournalEntryFile = Type.Object(
  {
    entryVersion: Type.Literal(1),
    service: Type.String({ minLength: 1 }),
    stateBefore: oneOf('running', 'paused', 'stopped'),
    startedAtBefore: Type.Optional(Type.String()),
    identity: Type.Optional(Type.String()),
    mode: oneOf('stop', 'pause'),
    lease: oneOf('read', 'write'),
    restoreId: Type.Optional(Type.String()),
    stopRequestedAt: instant,
    deadlineAt: Type.Optional(instant),
    stopTimeoutMs: Type.Number({ minimum: 0 }),
    healthyWithinMs: Type.Optional(Type.Number({ minimum: 0 })),
    startAfter: Type.Optional(Type.Array(Type.String())),
    guard: Type.Object({ workflowId: Type.String(), runId: Type.String() }),
    bootId: Type.String(),
    stopProcess: Type.Optional(process),
    startProcess: Type.Optional(process),
  },
  { description: 'A service that was stopped, and is owed a start.' },
)
export type JournalEntryFile = Static<typeof JournalEntryFile>
