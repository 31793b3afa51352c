import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { counted } from '../../../core/units.js'
import type { Counts } from '../../../core/rehearsal.js'
import type { ObjectReader, RehearsalPlace, RestoreTarget, SourceContext } from '../driver.js'
import { stagedName } from '../staged-names.js'
import { countIn, recordOf } from './describe.js'
import { dropUnfinished } from './marker.js'
import { planRestore } from './restore-plan.js'
import { connect } from './server.js'
import { stageMysql } from './stage.js'

/** Every dump by itself, and the database of ours that it is restored into. Its marker stays: it is never finished. */
const parts = (
  item: Item,
  { rehearsalId }: RehearsalPlace,
): readonly { one: Item; target: RestoreTarget }[] =>
  item.objects
    .filter(({ kind }) => kind === 'sql')
    .map((object) => ({
      one: { ...item, objects: [object] },
      target: {
        restoreId: rehearsalId,
        database: stagedName(recordOf(item, object).name, rehearsalId),
      },
    }))

/** Restores every dump into a database of ours beside the others, and counts all that is in it. */
export async function rehearseMysql(
  item: Item,
  place: RehearsalPlace,
  { objects, context }: { objects: ObjectReader; context: SourceContext },
): Promise<Counts> {
  requireNoEvents(item)
  const total: Record<string, number> = { databases: 0 }
  for (const { one, target } of parts(item, place)) {
    const [move] = await stageMysql(one, target, objects, context)
    if (move === undefined) continue
    const server = await connect(planRestore(one, target).source, context)
    const counts = { databases: 1, ...(await countIn(server, move.target)) }
    for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count
  }
  return total
}

/** The server would run them in the copy, too, and nobody knows what they reach. */
function requireNoEvents({ source, counts }: Item): void {
  const { events = 0 } = counts
  if (events === 0) return
  throw new HoldfastError(
    'restore.not-allowed',
    `"${source}" holds ${counted(events, 'event')}: the server would run them in the copy as well.`,
    { hint: 'Restore it by hand on a server of its own.' },
  )
}

/** Drops nothing that has no marker of ours beside it. */
export async function forgetMysql(item: Item, place: RehearsalPlace, context: SourceContext): Promise<void> {
  for (const { one, target } of parts(item, place)) {
    const { source, databases } = planRestore(one, target)
    const server = await connect(source, context)
    for (const { target: name, marker } of databases) await dropUnfinished(server, name, marker)
  }
}
