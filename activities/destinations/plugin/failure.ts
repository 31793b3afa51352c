import { HoldfastError, type ErrorCode } from '../../../core/errors.js'
import type { PluginErrorCode } from './protocol.js'

const MAX_WORDS = 500

/** For messages, and so that no secret is in them. */
export interface PluginIdentity {
  readonly destination: string
  readonly program: string
  readonly secrets: readonly string[]
}

const CODES: Readonly<Record<PluginErrorCode, ErrorCode>> = {
  exists: 'object.conflict',
  'not-found': 'object.not-found',
  'no-place': 'destination.not-mounted',
  denied: 'destination.denied',
  full: 'destination.full',
  unavailable: 'destination.unavailable',
  invalid: 'config.invalid',
  unsupported: 'destination.unsupported',
}

const HINTS: Readonly<Partial<Record<PluginErrorCode, string>>> = {
  'no-place': 'Is its disk mounted? Is the place made?',
  denied: 'Check the rights and the secrets that holdfast.yaml refers to.',
  full: 'Make room there, or expire old backups with `holdfast backup cleanup`.',
  unavailable: 'Check the network and the store; the run tries again by itself.',
  invalid: 'Correct `settings` and `secrets` of the destination in holdfast.yaml.',
}

/** What a plugin said that is wrong. */
export function toldFailure(
  plugin: PluginIdentity,
  { code, message }: { code: PluginErrorCode | undefined; message: string },
): HoldfastError {
  const hint = code && HINTS[code]
  return new HoldfastError(
    code ? CODES[code] : 'destination.plugin-failed',
    `Destination "${plugin.destination}": ${plugin.program} says: ${wordsOf(plugin, message)}`,
    hint === undefined ? {} : { hint },
  )
}

/** The plugin did not keep to the protocol, or did not end well. */
export const brokenPlugin = (plugin: PluginIdentity, what: string): HoldfastError =>
  new HoldfastError(
    'destination.plugin-failed',
    `Destination "${plugin.destination}": ${plugin.program} ${wordsOf(plugin, what)}`,
    { hint: 'Ask its author; docs/plugins.md says what Holdfast expects of it.' },
  )

/** One line for a terminal, without the secrets that the plugin was given. */
function wordsOf({ secrets }: PluginIdentity, text: string): string {
  const hidden = secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text)
  return hidden
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, MAX_WORDS)
}
