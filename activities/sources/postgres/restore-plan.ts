import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { PostgresSource } from '../../../schemas/sources.js'
import type { RestoreTarget } from '../driver.js'
import { recordOf, type DatabaseRecord } from './describe.js'
import { safetyName, stagedName } from '../staged-names.js'

/** One dump, and the three names that its restore deals with. */
export interface DatabaseRestore {
  readonly object: StoredObject
  readonly record: DatabaseRecord
  readonly target: string
  readonly staged: string
  readonly safety: string
}

export interface RestorePlan {
  readonly source: PostgresSource
  readonly databases: readonly DatabaseRestore[]
  readonly globals?: StoredObject
  /** Major versions: of the server that was dumped, and of the tool that did. */
  readonly serverMajor: number
  readonly dumpMajor: number
}

/** What a restore of an item comes to. Pure. Fails with `flag.invalid` where a flag means nothing to a database. */
export function planRestore(item: Item, target: RestoreTarget): RestorePlan {
  const source = item.spec
  if (source.type !== 'postgres') {
    throw new HoldfastError('backup.corrupt', `The manifest says that item "${item.source}" is no database.`)
  }
  refuseFlagsForFiles(item, target)
  const dumps = item.objects.filter(({ kind }) => kind === 'dump' || kind === 'sql')
  if (target.database !== undefined && dumps.length !== 1) {
    throw new HoldfastError(
      'flag.invalid',
      `--database names one database, but item "${item.source}" holds ${dumps.length}.`,
      { hint: 'Leave --database out, or restore one dump by hand: docs/restore.md says how.' },
    )
  }
  const globals = item.objects.find(({ kind }) => kind === 'globals.sql')
  return {
    source,
    databases: dumps.map((object) => {
      const record = recordOf(item, object)
      const name = target.database ?? record.name
      return {
        ...{ object, record, target: name },
        staged: stagedName(name, target.restoreId),
        safety: safetyName(name, target.restoreId),
      }
    }),
    ...(globals === undefined ? {} : { globals }),
    serverMajor: majorOf(item.hints['serverVersion']),
    dumpMajor: majorOf(item.tools['pg_dump']),
  }
}

/** Without this, `--to /tmp/look` would replace the database in place, which is the last thing its user wants. */
function refuseFlagsForFiles(item: Item, { to, include }: RestoreTarget): void {
  const flag = to !== undefined ? '--to' : include !== undefined ? '--include' : undefined
  if (flag === undefined) return
  throw new HoldfastError('flag.invalid', `${flag} is for files, but item "${item.source}" is a database.`, {
    hint: 'Restore it by itself with --source and --database, or leave it out by naming the other sources with --source.',
  })
}

const majorOf = (version: string | undefined): number => Number.parseInt(version ?? '0', 10) || 0
