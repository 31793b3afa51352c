import { HoldfastError } from '../core/errors.js'
import type { NamedSource, ResolvedHold } from '../core/job.js'
import { selectorInWords } from '../core/selectors.js'
import { isServerDatabase } from '../core/server-databases.js'
import { selectSets } from '../core/sets.js'
import type { PreflightInput, PreflightResult } from '../core/work/capture.js'
import type { QuestionActivities } from './activities.js'
import { checkDestination } from './catalog/check-destination.js'
import { expected } from './catalog/parts.js'
import { chooseRoute } from './choose-route.js'
import { withHeartbeat } from './heartbeat.js'
import { resolveHold, type HostHold } from './holds/resolve-hold.js'
import { gatherProblems, type Problems } from './problems.js'
import { requireAllowedSource } from './source-allowed.js'
import { sources } from './sources/registry.js'
import { withDriver, type DriverWork, type SourceDrivers } from './with-driver.js'
import type { HostTools, Tools } from './tools.js'

export const preflightActivities = (
  tools: Tools,
  drivers: SourceDrivers = sources,
): Pick<QuestionActivities, 'preflight'> => ({
  preflight: (input) => withHeartbeat((signal) => preflight({ tools, drivers, signal }, input)),
})

type PreflightWork = Omit<DriverWork, 'tools'> & { readonly tools: HostTools }

interface Preflight extends PreflightWork {
  readonly problems: Problems
  readonly warnings: string[]
}

/** Tries everything that can fail before anything stops, and says all that is in the way at once. Changes nothing. */
export async function preflight(
  work: PreflightWork,
  { job, onlySources }: PreflightInput,
): Promise<PreflightResult> {
  const run: Preflight = { ...work, problems: gatherProblems(work.signal), warnings: [] }
  const { problems, warnings } = run
  const holds: ResolvedHold[] = []
  const sets = selectSets(job, onlySources)
  const at = (name: string) => ({ name, site: job.site, plan: job.plan })
  for (const { hold, sources: named } of sets) {
    const held = hold && (await resolveHold(run, hold))
    if (held) holds.push(held.hold)
    for (const source of named) await problems.collect(() => checkSource(run, source, held))
  }
  for (const name of job.encryption?.keys ?? []) await problems.collect(() => work.tools.keys.named(name))
  const [first, ...others] = job.destinations
  if (first !== undefined)
    warnings.push(
      ...((await problems.collect(() => checkDestination(work.tools, at(first), work.signal))) ?? []),
    )
  for (const name of others) warnings.push(...(await checkCopies(work, at(name))))
  problems.throwAny(`backing up "${job.plan}"; nothing was stopped`)
  const { route, warning } = await chooseRoute(work.tools, job, sets, work.signal)
  if (warning !== undefined) warnings.push(warning)
  return { holds, warnings, ...(route === 'direct' ? {} : { route }) }
}

/** A place of copies that is away stops no backup: it is said, and its copy is made when it is back. */
async function checkCopies(
  { tools, signal }: PreflightWork,
  where: Parameters<typeof checkDestination>[1],
): Promise<readonly string[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(COPIES_CHECKED_WITHIN_MS)])
  try {
    return await checkDestination(tools, where, limited)
  } catch (error) {
    signal.throwIfAborted()
    const why = limited.aborted ? 'it does not answer.' : expected(error, signal).message
    return [`There may be no copy at "${where.name}": ${why}`]
  }
}

/** Services do not wait for a place that is only copied to. */
const COPIES_CHECKED_WITHIN_MS = 60_000

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
