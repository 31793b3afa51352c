import { compare } from './compare.js'

// What the rotation of a key is about: every data key that is wrapped by one key is wrapped by another instead.

/** What a host knows of one key that holdfast.yaml names. */
export interface ToldKey {
  readonly name: string
  /** Left out: it cannot be used there. */
  readonly keyId?: string
  /** Why it cannot, in a sentence. */
  readonly problem?: string
}

/** Backups of one plan in one place whose data keys are wrapped by a key. */
export interface KeyUse {
  /** As the host that looked calls it. */
  readonly destination: string
  /** The same for all hosts that see the same place, whatever they call it. */
  readonly place: string
  readonly plan: string
  readonly keyId: string
  /** Backups of the site that looked, finished or not, deleted ones too. */
  readonly own: number
  /** Of other sites, or of nobody that can be named: never touched. */
  readonly others: number
}

/** What one host sees of the use of keys. */
export interface SeenUses {
  readonly host: string
  readonly uses: readonly KeyUse[]
  /** Places that could not be looked at, each in a sentence. */
  readonly problems: readonly string[]
}

/** A host that takes part, with the ids of the two keys there; left out: it has no such key. */
export interface RotationHost {
  readonly host: string
  readonly fromId?: string
  readonly toId?: string
}

export interface RotationJob {
  readonly site: string
  /** Names of keys in holdfast.yaml. */
  readonly from: string
  readonly to: string
  /** Never empty. Those that are named first are preferred. */
  readonly hosts: readonly RotationHost[]
  /** The host of each plan that there still is: it rewraps, where it can. */
  readonly planHosts: Readonly<Record<string, string>>
}

/** What one host does for one plan at one destination. */
export interface RotationStep {
  readonly host: string
  readonly destination: string
  readonly plan: string
  readonly backups: number
  readonly fromId: string
  readonly toId: string
}

/** Backups that are somewhere, and why nothing is done for them. */
export interface Untouched {
  readonly destination: string
  readonly plan: string
  readonly backups: number
  readonly because: string
}

export interface RotationPlan {
  /** Sorted by plan: each is locked once. */
  readonly steps: readonly RotationStep[]
  /** No host that sees them has both keys. */
  readonly stranded: readonly Untouched[]
  readonly others: readonly Untouched[]
}

/** Decides who rewraps what: every place once for each plan, by a host that sees it and has both keys. */
export function planRotation(
  { hosts, planHosts, from, to, site }: RotationJob,
  seen: readonly SeenUses[],
): RotationPlan {
  const steps: RotationStep[] = []
  const stranded: Untouched[] = []
  const others: Untouched[] = []
  for (const sights of bySubject(seen, hosts)) {
    const [{ use }] = sights
    const { destination, plan } = use
    if (use.others > 0)
      others.push({ destination, plan, backups: use.others, because: `not of the site "${site}"` })
    if (use.own === 0) continue
    const able = sights.flatMap(({ host, use: seenThere }) =>
      host.fromId === seenThere.keyId && host.toId !== undefined
        ? [{ host: host.host, destination: seenThere.destination, fromId: host.fromId, toId: host.toId }]
        : [],
    )
    const chosen = able.find(({ host }) => host === planHosts[plan]) ?? able[0]
    if (chosen !== undefined) steps.push({ ...chosen, plan, backups: use.own })
    else stranded.push({ destination, plan, backups: use.own, because: lacking(sights, { from, to }) })
  }
  return { steps: steps.sort(byPlan), stranded: stranded.sort(byPlan), others: others.sort(byPlan) }
}

interface Sight {
  readonly host: RotationHost
  readonly use: KeyUse
}

/** What several hosts see of the same thing, in the order of `hosts`. */
function bySubject(
  seen: readonly SeenUses[],
  hosts: readonly RotationHost[],
): readonly (readonly [Sight, ...Sight[]])[] {
  const subjects = new Map<string, [Sight, ...Sight[]]>()
  for (const host of hosts) {
    for (const use of seen.find((one) => one.host === host.host)?.uses ?? []) {
      const subject = JSON.stringify([use.place, use.plan, use.keyId])
      const known = subjects.get(subject)
      if (known === undefined) subjects.set(subject, [{ host, use }])
      else known.push({ host, use })
    }
  }
  return [...subjects.values()]
}

/** By the first host that sees it: the others are no better off. */
function lacking([{ host, use }]: readonly [Sight, ...Sight[]], names: { from: string; to: string }): string {
  const missing = host.fromId === use.keyId ? names.to : names.from
  return `host "${host.host}" lacks key "${missing}"`
}

const byPlan = (one: Pick<KeyUse, 'plan' | 'destination'>, other: Pick<KeyUse, 'plan' | 'destination'>) =>
  compare(one.plan, other.plan) || compare(one.destination, other.destination)
