import { HoldfastError } from '../core/errors.js'
import type { BackupJob, HoldSpec, NamedSource, SourceSet } from '../core/job.js'
import type { PreflightInput, PreflightResult } from '../core/work.js'
import type { QuestionActivities } from './activities.js'
import { checkDestination } from './catalog/check-destination.js'
import { withHeartbeat } from './heartbeat.js'
import { gatherProblems, type Problems } from './problems.js'
import { requireAllowedSource } from './source-allowed.js'
import { sources } from './sources/registry.js'
import { withDriver, type DriverWork, type SourceDrivers } from './with-driver.js'
import type { Tools } from './tools.js'

/** Tries everything that can fail before anything stops, and says all that is in the way at once. Changes nothing. */
export const preflightActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<QuestionActivities, 'preflight'> => ({
  preflight: (input) => withHeartbeat((signal) => preflight({ tools, drivers, signal }, input)),
})

interface Preflight extends DriverWork {
  readonly problems: Problems
  readonly warnings: string[]
  /** Canonical references by those of the plan. */
  readonly services: Map<string, string>
}

async function preflight(work: DriverWork, { job, onlySources }: PreflightInput): Promise<PreflightResult> {
  const run: Preflight = { ...work, problems: gatherProblems(work.signal), warnings: [], services: new Map() }
  const { problems, warnings, services } = run
  for (const { hold, sources: named } of selectedSets(job, onlySources)) {
    if (hold) await checkHold(run, hold)
    for (const source of named) await problems.collect(() => checkSource(run, source, hold))
  }
  for (const name of job.destinations) {
    const where = { name, site: job.site, plan: job.plan }
    warnings.push(...((await problems.collect(() => checkDestination(work.tools, where, work.signal))) ?? []))
  }
  problems.throwAny(`backing up "${job.plan}"; nothing was stopped`)
  return { services: Object.fromEntries(services), warnings }
}

/** The sets as the run will read them: without what was not asked for, and without holds that nothing needs then. */
function selectedSets({ sets, plan }: BackupJob, only: readonly string[] | undefined): readonly SourceSet[] {
  if (only === undefined) return sets
  const names = sets.flatMap((set) => set.sources.map(({ name }) => name))
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    throw new HoldfastError('flag.invalid', `Plan "${plan}" has no source "${unknown.join('", "')}".`, {
      hint: `Choose among: ${names.join(', ')}.`,
    })
  return sets
    .map((set) => ({ ...set, sources: set.sources.filter(({ name }) => only.includes(name)) }))
    .filter((set) => set.sources.length > 0)
}

async function checkHold(run: Preflight, { services: references }: HoldSpec): Promise<void> {
  const ofHold = new Map<string, string>()
  for (const reference of references) {
    const canonical = await run.problems.collect(() => checkService(run, reference))
    if (canonical === undefined) continue
    const twin = ofHold.get(canonical)
    // Two leases of one run on one service would wait for each other.
    if (twin !== undefined)
      await run.problems.collect(() => Promise.reject(isOneService(twin, reference, canonical)))
    ofHold.set(canonical, reference)
    run.services.set(reference, canonical)
  }
}

const isOneService = (one: string, other: string, canonical: string): HoldfastError =>
  new HoldfastError('service.invalid', `"${one}" and "${other}" are the same service: ${canonical}.`, {
    hint: 'Remove one of them from `hold.services`.',
  })

async function checkService({ tools, signal, warnings }: Preflight, reference: string): Promise<string> {
  const canonical = await tools.services.resolve(reference, signal)
  await tools.allowed.service(canonical)
  const { driver, name } = tools.services.driver(canonical)
  const { state } = await driver.observe(name, signal)
  if (state !== 'running') warnings.push(`Service ${canonical} is ${state} already, and will be left so.`)
  return canonical
}

async function checkSource(
  run: Preflight,
  { name, source }: NamedSource,
  hold: HoldSpec | undefined,
): Promise<void> {
  await requireAllowedSource(run.tools, source, run.signal)
  if (source.type === 'postgres' && source.in !== undefined && hold) {
    const place = await run.tools.services.resolve(source.in, run.signal)
    const held = hold.services.find((reference) => run.services.get(reference) === place)
    if (held !== undefined) throw isHeld(name, place, held)
  }
  await withDriver(run, { sourceName: name, type: source.type }, (driver, context) =>
    driver.preflight(source, context),
  )
}

const isHeld = (source: string, place: string, reference: string): HoldfastError =>
  new HoldfastError(
    'service.invalid',
    `Source "${source}" is dumped inside ${place}, which its hold stops.`,
    {
      hint: `Remove ${reference} from \`hold.services\`: a dump is consistent by itself. Or make the source \`live: true\`.`,
    },
  )
