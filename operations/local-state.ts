import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Alarm } from '../activities/alarms.js'
import type { JournalEntry } from '../activities/journal/journal.js'

/** What this host itself knows, without Temporal and without a worker. */
export interface LocalState {
  readonly alarms: readonly Alarm[]
  /** Services that we stopped and owe a start. */
  readonly held: readonly HeldService[]
  /** Files that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

export type HeldService = Pick<JournalEntry, 'service' | 'mode' | 'lease' | 'stopRequestedAt' | 'deadlineAt'>

/** More than any host has; what goes beyond is a fault, and shows as one in the folder itself. */
const MAX_FILES = 1000

export async function readLocalState(stateDir: string): Promise<LocalState> {
  const problems: string[] = []
  const alarms = await readRecords(join(stateDir, 'alarms'), isAlarm, problems)
  const held = await readRecords(join(stateDir, 'journal'), isHeld, problems)
  return {
    alarms: alarms.toSorted((a, b) => a.raisedAt.localeCompare(b.raisedAt)),
    held: held.map(({ service, mode, lease, stopRequestedAt, deadlineAt }) => ({
      service,
      mode,
      lease,
      stopRequestedAt,
      ...(deadlineAt === undefined ? {} : { deadlineAt }),
    })),
    problems,
  }
}

async function readRecords<T>(
  folder: string,
  isRecord: (value: unknown) => value is T,
  problems: string[],
): Promise<readonly T[]> {
  const records: T[] = []
  for (const name of await namesIn(folder, problems)) {
    const file = join(folder, name)
    try {
      const value: unknown = JSON.parse(await readFile(file, 'utf8'))
      if (isRecord(value)) records.push(value)
      else problems.push(`${file} is not what Holdfast writes there.`)
    } catch (error) {
      // Gone in between: its cause is gone.
      if (codeOf(error) !== 'ENOENT') problems.push(`${file} cannot be read: ${reasonOf(error)}.`)
    }
  }
  return records
}

async function namesIn(folder: string, problems: string[]): Promise<readonly string[]> {
  try {
    const names = await readdir(folder)
    return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).slice(0, MAX_FILES)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') problems.push(`${folder} cannot be read: ${reasonOf(error)}.`)
    return []
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

const reasonOf = (error: unknown): string => {
  if (error instanceof SyntaxError) return 'it is damaged'
  return codeOf(error) === 'EACCES' ? 'this user may not' : String((error as Error).message)
}

const isAlarm = (value: unknown): value is Alarm => hasTexts(value, ['cause', 'summary', 'hint', 'raisedAt'])

const isHeld = (value: unknown): value is JournalEntry =>
  hasTexts(value, ['service', 'mode', 'lease', 'stopRequestedAt'])

const hasTexts = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'string')
