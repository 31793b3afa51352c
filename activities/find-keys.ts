import { HoldfastError } from '../core/errors.js'
import type { KeyUse, SeenUses, ToldKey } from '../core/rotation.js'
import type { KeptWraps, SeenKept } from '../core/rotation-steps.js'
import type { QuestionActivities } from './activities.js'
import { destinationNames, expected, problemOf } from './catalog/parts.js'
import { wrapOf } from './catalog/objects-in.js'
import { wrappedBackups, type WrappedBackup } from './catalog/wrapped-backups.js'
import type { Destination } from './destinations/driver.js'
import { markerOf } from './destinations/marker.js'
import { withHeartbeat } from './heartbeat.js'
import type { Tools } from './tools.js'

type FindKeys = Pick<QuestionActivities, 'tellKeys' | 'findKeyUses' | 'findKeptWraps'>

/** Questions about keys, and about what is encrypted for them. Nothing changes; keys are never in the answers. */
export const findKeysActivities = (tools: Tools): FindKeys => ({
  tellKeys: (names) => withHeartbeat(() => tellKeys(tools, names)),
  findKeyUses: ({ keyIds }) => withHeartbeat((signal) => findKeyUses(tools, keyIds, signal)),
  findKeptWraps: ({ keyIds }) => withHeartbeat((signal) => findKeptWraps(tools, keyIds, signal)),
})

async function tellKeys({ keys }: Tools, names: readonly string[]): Promise<readonly ToldKey[]> {
  const told: ToldKey[] = []
  for (const name of names) {
    try {
      told.push({ name, keyId: (await keys.named(name)).id })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      told.push({ name, problem: error.message })
    }
  }
  return told
}

async function findKeyUses(tools: Tools, keyIds: readonly string[], signal: AbortSignal): Promise<SeenUses> {
  const uses: KeyUse[] = []
  const problems = await atEachPlace(tools, signal, async (destination, place) => {
    const backups = await wrappedBackups(tools.catalog, destination, { keyIds }, signal)
    uses.push(...usesOf(backups, { destination: destination.name, place, site: tools.site.site }))
  })
  return { host: tools.site.host, uses, problems }
}

function usesOf(
  backups: readonly WrappedBackup[],
  { site, ...where }: { readonly destination: string; readonly place: string; readonly site: string },
): readonly KeyUse[] {
  const uses = new Map<string, KeyUse>()
  for (const { plan, keyId, site: owner } of backups) {
    const subject = `${plan}/${keyId}`
    const { own, others } = uses.get(subject) ?? { own: 0, others: 0 }
    const counts = owner === site ? { own: own + 1, others } : { own, others: others + 1 }
    uses.set(subject, { ...where, plan, keyId, ...counts })
  }
  return [...uses.values()]
}

async function findKeptWraps(
  tools: Tools,
  keyIds: readonly string[],
  signal: AbortSignal,
): Promise<SeenKept> {
  const kept: KeptWraps[] = []
  const problems = await atEachPlace(tools, signal, async (destination, place) => {
    let objects = 0
    for await (const name of destination.deletedVersions?.('plans/', signal) ?? []) {
      const wrap = wrapOf(name)
      if (wrap !== undefined && keyIds.includes(wrap.keyId)) objects++
    }
    if (objects > 0) kept.push({ destination: destination.name, place, objects })
  })
  return { host: tools.site.host, kept, problems }
}

/** Why some places could not be looked at: one that does not answer must not hide what lies at the others. */
async function atEachPlace(
  tools: Tools,
  signal: AbortSignal,
  look: (destination: Destination, place: string) => Promise<void>,
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const name of destinationNames(tools.site, undefined)) {
    try {
      const destination = await tools.destination(name, signal)
      const marker = await markerOf(destination, signal)
      await look(destination, marker?.id ?? `${tools.site.host}/${name}`)
    } catch (error) {
      problems.push(problemOf(name, expected(error, signal), ` of host "${tools.site.host}"`))
    }
  }
  return problems
}
