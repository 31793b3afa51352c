import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import type { MysqlSource } from '../../../schemas/sources.js'
import type { RestoreTarget } from '../driver.js'
import { safetyName, stagedName } from '../staged-names.js'
import { recordOf, type DatabaseRecord } from './describe.js'

/** One dump, the database that it becomes, and the one that says meanwhile that it is not whole yet. */
export interface DatabaseRestore {
  readonly object: StoredObject
  readonly record: DatabaseRecord
  readonly target: string
  readonly marker: string
  /** Never made: nothing is replaced. */
  readonly safety: string
}

export interface RestorePlan {
  readonly source: MysqlSource
  readonly databases: readonly DatabaseRestore[]
  /** Of the server that was dumped. */
  readonly family: string
}

/** What a restore of an item comes to. Pure. Fails with `flag.invalid` where a flag means nothing to a database. */
export function planRestore(item: Item, target: RestoreTarget): RestorePlan {
  const source = item.spec
  if (source.type !== 'mysql') {
    throw new HoldfastError('backup.corrupt', `The manifest says that item "${item.source}" is no database.`)
  }
  if (target.to !== undefined || target.include !== undefined) throw isForFiles(item)
  const dumps = item.objects.filter(({ kind }) => kind === 'sql')
  if (target.database !== undefined && dumps.length !== 1) {
    throw new HoldfastError(
      'flag.invalid',
      `--database names one database, but item "${item.source}" holds ${dumps.length}.`,
      { hint: 'Leave --database out, or restore one dump by hand: docs/restore.md says how.' },
    )
  }
  return {
    source,
    family: item.hints['serverFamily'] ?? '',
    databases: dumps.map((object) => {
      const record = recordOf(item, object)
      const name = target.database ?? record.name
      return {
        ...{ object, record, target: name },
        marker: stagedName(name, target.restoreId),
        safety: safetyName(name, target.restoreId),
      }
    }),
  }
}

const isForFiles = (item: Item): HoldfastError =>
  new HoldfastError(
    'flag.invalid',
    `--to and --include are for files, but item "${item.source}" is a database.`,
    { hint: 'Restore it by itself with --source and --database.' },
  )
