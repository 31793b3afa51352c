import { assertNever } from '../core/assert.js'
import type { Source } from '../schemas/sources.js'
import type { Tools } from './tools.js'

/**
 * Whether this host's own configuration lets a run touch what the source names, wherever the source comes from: a job, or
 * the manifest of a backup. Fails with `plan.not-allowed`, and with `service.not-found` for the place of a database.
 */
export async function requireAllowedSource(
  { allowed, services }: Pick<Tools, 'allowed' | 'services'>,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  switch (source.type) {
    case 'files':
    case 'sqlite':
      for (const path of source.paths) await allowed.readPath(path)
      return
    case 'volume':
      return allowed.volume(source.volume)
    case 'postgres':
    case 'mysql':
      await allowed.password(source)
      if (source.in !== undefined) await allowed.service(await services.resolve(source.in, signal))
      return
    default:
      return assertNever(source)
  }
}
