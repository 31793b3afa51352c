/**
 * Names of the variables of the environment that a configuration or a job refers to as secrets (`{ env: NAME }`) and keys
 * (`{ type: env, variable: NAME }`), however deep they stand.
 */
export function secretVariablesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const { env, type, variable } = value as { env?: unknown; type?: unknown; variable?: unknown }
  return [
    ...(typeof env === 'string' ? [env] : []),
    ...(type === 'env' && typeof variable === 'string' ? [variable] : []),
    ...Object.values(value).flatMap(secretVariablesIn),
  ]
}
