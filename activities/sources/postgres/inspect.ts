import type { Item, StoredObject } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { drain } from '../../pipeline/drain.js'
import type { Shell } from '../../services/driver.js'
import type { ObjectReader, SourceContext } from '../driver.js'
import { chooseTool, findTools, type PostgresTool } from './tools.js'

/** Reads the dump whole, then lets pg_restore read its table of contents. Needs no server. */
export async function inspectPostgres(
  item: Item,
  object: StoredObject,
  objects: ObjectReader,
  context: SourceContext,
): Promise<void> {
  const { signal } = context
  await drain(objects.open(object), signal)
  if (object.kind !== 'dump') return
  const { tool, shell } = await toolFor(item, context)
  await shell.run([tool.program, '--list'], {
    stdin: objects.open(object),
    signal,
    onExit: ({ code, stderr }) => {
      throw new HoldfastError(
        'source.damaged',
        `pg_restore cannot list ${object.name} (code ${code}): ${stderr.trim().split('\n')[0] ?? ''}`,
        { hint: 'Restore from another backup, and make a new one now.' },
      )
    },
  })
}

/** An older pg_restore refuses what a newer pg_dump wrote, which says nothing about the dump. */
async function toolFor(
  { spec, tools }: Item,
  context: SourceContext,
): Promise<{ tool: PostgresTool; shell: Shell }> {
  const atLeast = Number.parseInt(tools['pg_dump'] ?? '0', 10) || 0
  const isEnough = ({ major }: PostgresTool) => major >= atLeast
  const place = spec.type === 'postgres' ? spec.in : undefined
  for (const where of place === undefined ? [undefined] : [undefined, place]) {
    const shell = context.shell(where)
    const wanted = { name: 'pg_restore', place: where === undefined ? 'host' : 'service', isEnough } as const
    const tool = chooseTool(await findTools(shell, wanted, context.signal), atLeast)
    if (tool) return { tool, shell }
  }
  throw new HoldfastError(
    'source.tool-missing',
    `There is no pg_restore ${atLeast} or newer here to list the dump with.`,
    { hint: `On Debian: apt-get install postgresql-client-${atLeast}.` },
  )
}
