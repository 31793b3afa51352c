import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { counted, formatBytes } from '../../../core/units.js'
import type { RestorePreviewItem } from '../../../core/work/restore.js'
import type { RestoreTarget, SourceContext } from '../driver.js'
import { listDatabases } from './describe.js'
import { missingToRestore } from './grants.js'
import { denied, grantsOf } from './preflight.js'
import { isOursUnfinished } from './marker.js'
import { planRestore, type DatabaseRestore, type RestorePlan } from './restore-plan.js'
import { connect, type Server } from './server.js'

export async function previewMysql(
  item: Item,
  target: RestoreTarget,
  context: SourceContext,
): Promise<RestorePreviewItem> {
  const plan = planRestore(item, target)
  const server = await connect(plan.source, context)
  await checkRestorable(plan, server)
  return {
    source: item.source,
    type: item.type,
    effects: plan.databases.map((database) => effectOf(database, server)),
    bytes: item.objects.reduce((sum, { plainBytes }) => sum + plainBytes, 0),
    notCaptured: 0,
  }
}

const effectOf = ({ target, object, record: { counts } }: DatabaseRestore, server: Server): string =>
  `creates database "${target}" on ${server.name} (${formatBytes(object.plainBytes)}, ${counted(counts.tables, 'table')})`

/** All that can be known before a byte is read. */
export async function checkRestorable(plan: RestorePlan, server: Server): Promise<void> {
  if (server.facts.flavour !== plan.family) {
    throw new HoldfastError(
      'restore.conflict',
      `${server.name} is ${server.facts.flavour}, but the dump is from ${plan.family}: they read each other's dumps in part only.`,
      { hint: `Restore into a server of ${plan.family}.` },
    )
  }
  const names = plan.databases.flatMap(({ target, marker }) => [target, marker])
  const missing = missingToRestore(await grantsOf(server), names)
  if (missing.length > 0) throw denied(server, missing, 'restoring')
  const existing = await listDatabases(server)
  for (const database of plan.databases) {
    if (!existing.includes(database.target)) continue
    if (!(await isOursUnfinished(server, database.marker))) throw isThere(server, database.target)
  }
}

/** There is no rename of a database, and its views, triggers, routines and events cannot be moved as its tables can. */
export const isThere = (server: Server, name: string): HoldfastError =>
  new HoldfastError(
    'restore.conflict',
    `${server.name} has a database "${name}" already, and a restore never replaces a database of MySQL or MariaDB.`,
    {
      hint: `Restore beside it with --database NAME; or, if its data is not needed, run DROP DATABASE there first.`,
    },
  )
