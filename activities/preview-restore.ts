import { summaryOf, type Item, type Manifest } from '../core/backup.js'
import { HoldfastError } from '../core/errors.js'
import { requireOpened } from '../core/encrypted-manifest.js'
import { backupFolder } from '../core/ids.js'
import { stopOrder } from '../core/hold-order.js'
import type { HoldSpec } from '../core/job.js'
import { restoreHold, selectItems } from '../core/restore-plan.js'
import { isServerDatabase } from '../core/server-databases.js'
import { counted } from '../core/units.js'
import type { LocatedBackup } from '../core/work/catalog.js'
import type { RestorePreview, RestoreRequest } from '../core/work/restore.js'
import { sizeProblem } from './catalog/check-objects.js'
import { observeForHold } from './holds/observe-for-hold.js'
import { factsOf } from './holds/order.js'
import { gatherProblems } from './problems.js'
import { requireAllowedSource } from './source-allowed.js'
import type { RestoreTarget } from './sources/driver.js'
import type { Tools } from './tools.js'
import { withDriver, type DriverWork } from './with-driver.js'

const PATHS_NAMED = 5

/** What a restore would do. Checks the backup, space, tools and rights, and touches nothing. */
export async function previewRestore(
  work: DriverWork,
  request: RestoreRequest,
  restoreId: string,
): Promise<RestorePreview> {
  const { tools, signal } = work
  const located = await tools.catalog.find(request.reference, signal)
  const manifest = requireBelievable(located, request, tools.site.host)
  const items = selectItems(manifest.items, request)
  await requireWhole(tools, { destination: located.destination, manifest }, items, signal)

  const problems = gatherProblems(signal)
  const warnings = [...warningsOf(manifest, located, tools.site.host), ...items.flatMap(notCapturedOf)]
  const previews = []
  for (const item of items) {
    const preview = await problems.collect(async () => {
      await requireAllowed(tools, item, request, signal)
      return withDriver(work, { sourceName: item.source, type: item.type }, (driver, context) =>
        driver.preview(item, targetOf(request, restoreId, othersThan(item, manifest, request)), context),
      )
    })
    if (preview) previews.push(preview)
  }
  const hold = await problems.collect(() => presentHold(tools, restoreHold(items, request), warnings, signal))
  problems.throwAny(`restoring ${manifest.id}; nothing was touched`)
  return {
    backupId: manifest.id,
    destination: located.destination,
    plan: manifest.plan,
    host: manifest.host.name,
    takenAt: manifest.takenAt,
    items: previews,
    ...(hold ? { hold } : {}),
    warnings,
  }
}

/**
 * The manifest, opened. Fails with `key.not-found` where no key of it is here, and with `backup.unauthenticated` where anyone
 * could have written it and nobody said to use it all the same.
 */
export function requireBelievable(
  located: LocatedBackup,
  { allowUnauthenticated }: RestoreRequest,
  host: string,
): Manifest {
  const { authenticity, destination } = located
  const whole = requireOpened(located, host)
  if (authenticity !== 'unauthenticated' || allowUnauthenticated === true) return whole
  throw new HoldfastError(
    'backup.unauthenticated',
    `Nothing proves that backup ${whole.id} at destination "${destination}" was made with a key of plan "${whole.plan}": anyone who can write there could have put it there.`,
    {
      hint: 'Choose another backup. If it is from before the plan was encrypted, or from a key that is not here any more, and you trust the destination: --allow-unauthenticated.',
    },
  )
}

/**
 * What the other sources of the backup have on this host, restored now or not. Who asks for some files by name gets those of
 * the archive, unless a source that is restored with it has them itself.
 */
export function othersThan(item: Item, { items }: Manifest, request: RestoreRequest): readonly string[] {
  const others = request.include === undefined ? items : selectItems(items, request)
  return others.flatMap(({ source, spec }) => (source !== item.source && 'paths' in spec ? spec.paths : []))
}

export const targetOf = (
  { to, database, include }: RestoreRequest,
  restoreId: string,
  others: readonly string[],
): RestoreTarget => ({
  restoreId,
  others,
  ...(to === undefined ? {} : { to }),
  ...(database === undefined ? {} : { database }),
  ...(include === undefined ? {} : { include }),
})

/**
 * Whether this host's configuration lets the restore write there. The manifest says where things came from, and anyone
 * who can write to a destination can write a manifest: it gives no right that the plans of this host do not give.
 */
export async function requireAllowed(
  tools: Tools,
  item: Item,
  request: RestoreRequest,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = item
  // What may be read need not be what may be replaced: paths are asked for as places to write to.
  if (request.to !== undefined && !isServerDatabase(item.type)) await tools.allowed.restorePath(request.to)
  else if ('paths' in spec) for (const path of spec.paths) await tools.allowed.restorePath(path)
  else await requireAllowedSource(tools, spec, signal)
}

/** Every object is there and as long as it was: a damaged backup is refused before anything is touched. */
async function requireWhole(
  tools: Tools,
  { destination: name, manifest }: { destination: string; manifest: Manifest },
  items: readonly Item[],
  signal: AbortSignal,
): Promise<void> {
  const destination = await tools.destination(name, signal)
  const folder = backupFolder(manifest.plan, manifest.id)
  const found: string[] = []
  for (const object of items.flatMap(({ objects }) => objects)) {
    const problem = await sizeProblem(destination, folder, object, signal)
    if (problem !== undefined) found.push(problem)
  }
  if (found.length > 0) throw damaged(manifest.id, name, found)
}

export const damaged = (backupId: string, destination: string, found: readonly string[]): HoldfastError =>
  new HoldfastError(
    'backup.corrupt',
    `Backup ${backupId} at destination "${destination}" is damaged: ${found.slice(0, PATHS_NAMED).join(' ')}`,
    {
      hint: 'Restore another backup, or only the sources that are whole with `--source`. See `holdfast backup verify`.',
    },
  )

function warningsOf(
  manifest: Manifest,
  { destination, marks }: Pick<LocatedBackup, 'destination' | 'marks'>,
  host: string,
): string[] {
  const { id, verdicts, subsetOf } = manifest
  const warnings: string[] = []
  const { verification } = marks
  if (verification?.outcome === 'damaged')
    warnings.push(`Backup ${id} was found damaged: ${verification.problem ?? ''}`)
  if (verdicts.data === 'inconsistent')
    warnings.push(
      `Backup ${id} is inconsistent: a service ran again while it was read. Its parts may not fit together.`,
    )
  else if (subsetOf !== undefined)
    warnings.push(`Backup ${id} has only a part of its plan: ${subsetOf.join(', ')}.`)
  else if (verdicts.data === 'suspect' && !marks.isAccepted)
    warnings.push(`Backup ${id} is suspect: ${manifest.suspectBecause?.join(' ') ?? ''}`)
  else if (!summaryOf(manifest, destination).isSound)
    warnings.push(`Backup ${id} is not good: not everything was captured as it was.`)
  if (manifest.host.name !== host)
    warnings.push(`Backup ${id} was taken on host "${manifest.host.name}"; this is host "${host}".`)
  return warnings
}

function notCapturedOf({ source, notCaptured, notCapturedCounts }: Item): string[] {
  const causes = Object.entries(notCapturedCounts).filter(([, count]) => count > 0)
  if (causes.length === 0) return []
  const total = causes.reduce((sum, [, count]) => sum + count, 0)
  const named = notCaptured.slice(0, PATHS_NAMED).map(({ path }) => path)
  const more = total > named.length ? ', …' : ''
  const why = causes.map(([cause, count]) => `${count} ${cause}`).join(', ')
  return [
    `${source}: ${counted(total, 'file')} not captured as they were (${why}): ${named.join(', ')}${more}`,
  ]
}

/** The hold, as far as its services are there: on a new machine they may not be yet, and then nothing needs to stop. */
async function presentHold(
  tools: Tools,
  hold: HoldSpec | undefined,
  warnings: string[],
  signal: AbortSignal,
): Promise<HoldSpec | undefined> {
  if (!hold) return undefined
  const present: string[] = []
  for (const reference of hold.services) {
    try {
      const canonical = await tools.services.resolve(reference, signal)
      await observeForHold(tools, { service: canonical, mode: hold.mode }, signal)
      if (!present.includes(canonical)) present.push(canonical)
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'service.not-found') throw error
      warnings.push(`Service ${reference} does not exist here: it is neither stopped nor started.`)
    }
  }
  if (present.length === 0) return undefined
  const { needs, stopsAlso } = await factsOf(tools, present, signal)
  for (const [service, others] of stopsAlso)
    warnings.push(`With ${service} its runtime stops ${others.join(', ')}: start that again by hand.`)
  return { ...hold, services: stopOrder(present, needs).services }
}
