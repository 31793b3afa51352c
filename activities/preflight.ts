import { HoldfastError } from '../core/errors.js'
import type { NamedSource, ResolvedHold } from '../core/job.js'
import { selectorInWords } from '../core/selectors.js'
import { isServerDatabase } from '../core/server-databases.js'
import { selectSets } from '../core/sets.js'
import type { PreflightInput, PreflightResult } from '../core/work.js'
import type { QuestionActivities } from './activities.js'
import { checkDestination } from './catalog/check-destination.js'
import { chooseRoute } from './choose-route.js'
import { withHeartbeat } from './heartbeat.js'
import { resolveHold, type HostHold } from './holds/resolve-hold.js'
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
}

async function preflight(work: DriverWork, { job, onlySources }: PreflightInput): Promise<PreflightResult> {
  const run: Preflight = { ...work, problems: gatherProblems(work.signal), warnings: [] }
  const { problems, warnings } = run
  const holds: ResolvedHold[] = []
  const sets = selectSets(job, onlySources)
  for (const { hold, sources: named } of sets) {
    const held = hold && (await resolveHold(run, hold))
    if (held) holds.push(held.hold)
    for (const source of named) await problems.collect(() => checkSource(run, source, held))
  }
  for (const name of job.encryption?.keys ?? []) await problems.collect(() => work.tools.keys.named(name))
  for (const name of job.destinations) {
    const where = { name, site: job.site, plan: job.plan }
    warnings.push(...((await problems.collect(() => checkDestination(work.tools, where, work.signal))) ?? []))
  }
  problems.throwAny(`backing up "${job.plan}"; nothing was stopped`)
  const { route, warning } = await chooseRoute(work.tools, job, sets, work.signal)
  if (warning !== undefined) warnings.push(warning)
  return { holds, warnings, ...(route === 'direct' ? {} : { route }) }
}

async function checkSource(
  run: Preflight,
  { name, source }: NamedSource,
  held: HostHold | undefined,
): Promise<void> {
  await requireAllowedSource(run.tools, source, run.signal)
  if (isServerDatabase(source.type) && 'in' in source && source.in !== undefined && held) {
    const place = await run.tools.services.resolve(source.in, run.signal)
    const reference = held.references.get(place)
    if (reference !== undefined) throw isHeld(name, place, selectorInWords(reference))
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
