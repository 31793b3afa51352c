/** What completion has to know of a command line: a part of oclif's manifest. */
export interface CommandShape {
  /** `backup:list` */
  readonly id: string
  readonly summary?: string | undefined
  readonly hidden?: boolean | undefined
  readonly args: Readonly<Record<string, ArgumentShape>>
  readonly flags: Readonly<Record<string, FlagShape>>
}

export interface ArgumentShape {
  readonly name: string
  /** All values that there are. */
  readonly options?: readonly string[] | undefined
}

export interface FlagShape {
  readonly name: string
  readonly char?: string | undefined
  readonly type: 'boolean' | 'option'
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly multiple?: boolean | undefined
  /** All values that there are. */
  readonly options?: readonly string[] | undefined
}

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string
  readonly description?: string
}

/** What the names are of that may stand in a place. */
export type ValueKind =
  | 'backup'
  | 'backup-or-plan'
  | 'code'
  | 'destination'
  | 'file'
  | 'free'
  | 'host'
  | 'key'
  | 'plan'
  | 'restore'
  | 'run'
  | 'service'
  | 'source'

const NAMES: Readonly<Record<string, ValueKind>> = {
  backup: 'backup-or-plan',
  code: 'code',
  config: 'file',
  destination: 'destination',
  files: 'file',
  from: 'destination',
  host: 'host',
  key: 'file',
  'key-settings': 'file',
  'look-in': 'file',
  new: 'key',
  old: 'key',
  plan: 'plan',
  source: 'source',
  start: 'service',
  to: 'file',
  // What people make up, or count.
  because: 'free',
  database: 'free',
  description: 'free',
  include: 'free',
  'key-variable': 'free',
  limit: 'free',
  note: 'free',
  sample: 'free',
  set: 'free',
  since: 'free',
}

/** Where a name means something else. */
const NAMES_OF: Readonly<Record<string, Readonly<Record<string, ValueKind>>>> = {
  backup: { id: 'backup' },
  destination: { name: 'destination' },
  key: { name: 'key' },
  restore: { id: 'restore' },
  run: { id: 'run' },
  // A machine without configuration: folders, and ids that only the destination knows.
  recover: { destination: 'file', id: 'free', source: 'free', plan: 'free' },
  init: { destination: 'file' },
}

/** What may stand for an argument or a flag of a command; undefined: nobody has said, which a test finds. */
export const kindOf = (commandId: string, name: string): ValueKind | undefined =>
  NAMES_OF[commandId.split(':')[0] ?? '']?.[name] ?? NAMES[name]
