import type { Item } from '../../../core/backup.js'
import { HoldfastError } from '../../../core/errors.js'
import { counted, formatBytes } from '../../../core/units.js'
import type { RestorePreviewItem } from '../../../core/work/restore.js'
import type { RestoreTarget, SourceContext } from '../driver.js'
import { findDatabases } from './describe.js'
import { SERVER_HOMES } from './read.js'
import { planRestore, type DatabaseRestore, type RestorePlan } from './restore-plan.js'
import { connect, type Server } from './server.js'

export async function previewPostgres(
  item: Item,
  target: RestoreTarget,
  context: SourceContext,
): Promise<RestorePreviewItem> {
  const plan = planRestore(item, target)
  const server = await connect(plan.source, context, SERVER_HOMES)
  await checkRestorable(plan, server)
  const names = plan.databases.flatMap(({ target: name, safety }) => [name, safety])
  const existing = await findDatabases(server, names)
  return {
    source: item.source,
    type: item.type,
    effects: [
      ...plan.databases.map((database) =>
        effectOf(database, { server, exists: database.target in existing }),
      ),
      ...(plan.globals === undefined
        ? []
        : [
            'creates the roles that are missing on the server; existing roles and tablespaces stay as they are',
          ]),
    ],
    bytes: item.objects.reduce((sum, { plainBytes }) => sum + plainBytes, 0),
    notCaptured: 0,
  }
}

function effectOf(
  { target, safety, record, object }: DatabaseRestore,
  state: { server: Server; exists: boolean },
): string {
  const size = `${formatBytes(object.plainBytes)}, ${counted(record.tables, 'table')}`
  return state.exists
    ? `replaces database "${target}" of ${state.server.name} (${size}), ending its sessions; the old one is kept as "${safety}"`
    : `creates database "${target}" on ${state.server.name} (${size})`
}

/** All that can be known before a byte is read. */
export async function checkRestorable(plan: RestorePlan, server: Server): Promise<void> {
  const { facts } = server
  if (facts.major < plan.serverMajor) {
    throw new HoldfastError(
      'source.tool-version',
      `${server.name} is version ${facts.version}, but the dump is from version ${plan.serverMajor}.`,
      { hint: `Restore into a server of version ${plan.serverMajor} or newer.` },
    )
  }
  if (plan.databases.some(({ object }) => object.kind === 'dump')) {
    await server.tool('pg_restore', Math.max(plan.dumpMajor, facts.major))
  }
  if (!facts.canCreateDatabases) {
    throw new HoldfastError(
      'database.denied',
      `${server.name}: user "${facts.user}" may not create databases, which a restore has to.`,
      { hint: `ALTER ROLE "${facts.user}" CREATEDB; or restore as a superuser.` },
    )
  }
  await checkRoles(plan, server)
  await checkExtensions(plan, server)
}

async function checkRoles(plan: RestorePlan, server: Server): Promise<void> {
  // The globals bring them.
  if (plan.globals) return
  const roles = await existingRoles(server)
  const missing = plan.databases.map(({ record }) => record.owner).find((owner) => !roles.has(owner))
  if (missing === undefined) return
  throw new HoldfastError(
    'restore.conflict',
    `${server.name} has no role "${missing}", which owns the database.`,
    {
      hint: `CREATE ROLE "${missing}"; with the rights that it needs, then restore again.`,
    },
  )
}

export const existingRoles = async (server: Server): Promise<ReadonlySet<string>> =>
  new Set(
    await server.ask<string[]>({
      sql: `SELECT coalesce(json_agg(rolname), '[]') FROM pg_catalog.pg_roles`,
      work: 'listing its roles',
    }),
  )

async function checkExtensions(plan: RestorePlan, server: Server): Promise<void> {
  const available = new Set(
    await server.ask<string[]>({
      sql: `SELECT coalesce(json_agg(name), '[]') FROM pg_catalog.pg_available_extensions`,
      work: 'listing its extensions',
    }),
  )
  const wanted = new Set(plan.databases.flatMap(({ record }) => record.extensions))
  const missing = [...wanted].filter((extension) => !available.has(extension))
  if (missing.length === 0) return
  const named = missing.map((extension) => `"${extension}"`).join(', ')
  throw new HoldfastError('restore.conflict', `${server.name} lacks ${named}, which the dump needs.`, {
    hint: 'Install the packages of these extensions on the server, then restore again.',
  })
}
