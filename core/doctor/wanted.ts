import type { BackupJob, PlannedHold } from '../job.js'
import type { ConfigSecret } from '../../schemas/common.js'
import type { Source } from '../../schemas/sources.js'

/** Programs of a host that plans need there: what is dumped inside a container brings its own. */
export type WantedTool = 'tar' | 'postgres' | 'mysql' | 'sqlite' | 'docker' | 'systemd' | 'lxc'

export interface ToolWish {
  readonly tool: WantedTool
  readonly plans: readonly string[]
}

/** What the jobs of one host need of it, sorted by tool. */
export function wantedTools(jobs: readonly Pick<BackupJob, 'plan' | 'sets'>[]): readonly ToolWish[] {
  const plansOf = new Map<WantedTool, Set<string>>()
  for (const { plan, sets } of jobs) {
    const tools = sets.flatMap(({ hold, sources }) => [
      ...toolsOfHold(hold),
      ...sources.flatMap(({ source }) => toolsOfSource(source)),
    ])
    for (const tool of tools) plansOf.set(tool, (plansOf.get(tool) ?? new Set()).add(plan))
  }
  return [...plansOf]
    .map(([tool, plans]) => ({ tool, plans: [...plans] }))
    .toSorted((a, b) => (a.tool < b.tool ? -1 : 1))
}

function toolsOfSource(source: Source): readonly WantedTool[] {
  switch (source.type) {
    case 'files':
      return ['tar']
    case 'volume':
      return ['tar', 'docker']
    case 'sqlite':
      return ['sqlite']
    case 'postgres':
    case 'mysql':
      return source.in === undefined ? [source.type] : ['docker']
  }
}

const RUNTIMES: Readonly<Record<string, WantedTool>> = { docker: 'docker', systemd: 'systemd', lxc: 'lxc' }

function toolsOfHold(hold: PlannedHold | undefined): readonly WantedTool[] {
  return (hold?.services ?? []).flatMap((service) => {
    // A label or a volume means containers.
    const runtime = typeof service === 'string' ? (service.split(':')[0] ?? '') : 'docker'
    return RUNTIMES[runtime] ?? []
  })
}

export interface SecretWish {
  readonly reference: ConfigSecret
  /** Where it is named: `destination offsite`, `plan shop`. */
  readonly usedBy: readonly string[]
}

/** Places in which secrets may be referred to, by what they are called in messages. */
export type SecretPlaces = Readonly<Record<string, unknown>>

/** Every reference to a secret in these places; one that several name is one. Values are never looked at. */
export function wantedSecrets(places: SecretPlaces): readonly SecretWish[] {
  const found = new Map<string, { reference: ConfigSecret; usedBy: string[] }>()
  for (const [place, value] of Object.entries(places)) {
    for (const reference of referencesIn(value)) {
      const key = JSON.stringify(reference)
      const wish = found.get(key) ?? { reference, usedBy: [] }
      if (!wish.usedBy.includes(place)) wish.usedBy.push(place)
      found.set(key, wish)
    }
  }
  return [...found.values()]
}

/** Validated settings are a few levels deep. */
const MOST_DEPTH = 12

function referencesIn(value: unknown, depth = 0): readonly ConfigSecret[] {
  if (typeof value !== 'object' || value === null || depth > MOST_DEPTH) return []
  if (isReference(value)) return [value]
  return Object.values(value).flatMap((inner) => referencesIn(inner, depth + 1))
}

/** Only places of secrets have this shape in a valid configuration. */
function isReference(value: object): value is ConfigSecret {
  const [entry, ...others] = Object.entries(value) as [string, unknown][]
  if (entry === undefined || others.length > 0) return false
  const [kind, named] = entry
  return kind === 'command'
    ? Array.isArray(named)
    : (kind === 'env' || kind === 'file') && typeof named === 'string'
}

/** A reference as people write it. Says where a secret is, never what it is. */
export function secretInWords(reference: ConfigSecret): string {
  if ('env' in reference) return `{ env: ${reference.env} }`
  return 'file' in reference
    ? `{ file: ${reference.file} }`
    : `{ command: [${reference.command[0] ?? ''}, …] }`
}
