import type { Destination } from '../schemas/destinations.js'
import { hasErrors, type Issue } from './issues.js'
import { parseYaml } from './parse.js'
import { readConfig } from './validate.js'

/** How the one destination is called where everything needs a name. */
export const RECOVERED_DESTINATION = 'destination'

/**
 * Reads one entry of `destinations:` that stands by itself, as YAML or JSON: all its mistakes at once. `file` is how it is
 * called in messages.
 */
export function readDestination(
  text: string,
  file: string,
): { destination?: Destination; issues: readonly Issue[] } {
  const { parsed, issues } = parseYaml(text, { file, what: 'destination' })
  if (!parsed) return { issues }
  const prefix = ['destinations', RECOVERED_DESTINATION]
  const whole = { version: 1, destinations: { [RECOVERED_DESTINATION]: parsed.value } }
  const { config, issues: found } = readConfig(JSON.stringify(whole), file)
  const placed = found.map(({ path, message, severity, hint }) =>
    parsed.issueAt(
      { path: path.split('.').slice(prefix.length), aspect: 'value' },
      { message, severity, ...(hint === undefined ? {} : { hint }) },
    ),
  )
  const destination = config?.destinations?.[RECOVERED_DESTINATION]
  return destination === undefined || hasErrors(placed) ? { issues: placed } : { destination, issues: placed }
}
