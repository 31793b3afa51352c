import type { Item } from '../../../core/backup.js'
import type { Counts } from '../../../core/rehearsal.js'
import type { ObjectReader, RehearsalPlace, SourceContext } from '../driver.js'
import { describeDatabase } from './describe.js'
import { dropDatabase } from './drop.js'
import { SERVER_HOMES } from './read.js'
import { planRestore } from './restore-plan.js'
import { connect } from './server.js'
import { stagePostgres } from './stage.js'

/** Roles belong to the whole server: a rehearsal makes none. */
const withoutGlobals = (item: Item): Item => ({
  ...item,
  objects: item.objects.filter(({ kind }) => kind !== 'globals.sql'),
})

/** Restores every dump into a database of ours beside the others, and counts its tables. */
export async function rehearsePostgres(
  item: Item,
  { rehearsalId }: RehearsalPlace,
  { objects, context }: { objects: ObjectReader; context: SourceContext },
): Promise<Counts> {
  const dumps = withoutGlobals(item)
  const target = { restoreId: rehearsalId }
  const moves = await stagePostgres(dumps, target, objects, context)
  const server = await connect(planRestore(dumps, target).source, context, SERVER_HOMES)
  let tables = 0
  for (const { staged } of moves) tables += (await describeDatabase(server, staged)).tables
  return { databases: moves.length, tables }
}

export async function forgetPostgres(
  item: Item,
  { rehearsalId }: RehearsalPlace,
  context: SourceContext,
): Promise<void> {
  const { source, databases } = planRestore(withoutGlobals(item), { restoreId: rehearsalId })
  const server = await connect(source, context, SERVER_HOMES)
  for (const { staged } of databases) await dropDatabase(server, staged)
}
