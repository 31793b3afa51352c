import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { JournalEntry } from './journal.js'

const process = Type.Object({ pid: Type.Integer(), startTime: Type.String() })
const instant = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}' })

/** Keys that we do not know are let be: a newer version of Holdfast may have written the entry. */
const schema = Type.Object({
  entryVersion: Type.Literal(1),
  service: Type.String({ minLength: 1 }),
  stateBefore: Type.Union([Type.Literal('running'), Type.Literal('paused'), Type.Literal('stopped')]),
  startedAtBefore: Type.Optional(Type.String()),
  identity: Type.Optional(Type.String()),
  mode: Type.Union([Type.Literal('stop'), Type.Literal('pause')]),
  lease: Type.Union([Type.Literal('read'), Type.Literal('write')]),
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
})

/** The entry that a file holds; undefined for anything that is not whole. */
export function parseEntry(text: string): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Value.Check(schema, value) ? (value satisfies JournalEntry) : undefined
  } catch {
    return undefined
  }
}

export const entryText = (entry: JournalEntry): string => `${JSON.stringify(entry, undefined, 2)}\n`
