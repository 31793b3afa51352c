import type { Destination } from '../schemas/destinations.js'
import type { KeyDefinition } from '../schemas/keys.js'
import { hasErrors, type Issue } from './issues.js'
import { parseYaml } from './parse.js'
import { readConfig } from './validate.js'

/** How the one destination is called where everything needs a name. */
export const RECOVERED_DESTINATION = 'destination'

/** What stands by itself, by where holdfast.yaml has it. */
export interface Entries {
  readonly destinations: Destination
  readonly keys: KeyDefinition
}

const NAMES = { destinations: RECOVERED_DESTINATION, keys: 'key' } as const satisfies Record<
  keyof Entries,
  string
>

/**
 * Reads one entry of `destinations:` or `keys:` that stands by itself, as YAML or JSON: all its mistakes at once. `file` is
 * how it is called in messages.
 */
export function readEntry<F extends keyof Entries>(
  text: string,
  { file, folder }: { readonly file: string; readonly folder: F },
): { entry?: Entries[F]; issues: readonly Issue[] } {
  const name = NAMES[folder]
  const { parsed, issues } = parseYaml(text, { file, what: name })
  if (!parsed) return { issues }
  const whole = { version: 1, [folder]: { [name]: parsed.value } }
  const { config, issues: found } = readConfig(JSON.stringify(whole), file)
  const placed = found.map(({ path, message, severity, hint }) =>
    parsed.issueAt(
      { path: path.split('.').slice([folder, name].length), aspect: 'value' },
      { message, severity, ...(hint === undefined ? {} : { hint }) },
    ),
  )
  const entry = config?.[folder]?.[name] as Entries[F] | undefined
  return entry === undefined || hasErrors(placed) ? { issues: placed } : { entry, issues: placed }
}
