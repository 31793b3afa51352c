import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { parseSize } from '../core/units.js'
import { hasErrors, renderIssues } from '../plan/issues.js'
import { readConfig } from '../plan/validate.js'
import type { ConfigFile } from '../schemas/config.js'
import { findConfig, namedConfig, type ConfigQuestion } from './find.js'
import { hostName } from './host-name.js'
import { readOwnText, readingProblem } from './read-text.js'
import { refuseOwnedByOthers, trustedOwners } from './unsafe.js'

const DEFAULT_PLANS = ['plans/*.yaml']
const DEFAULT_PARALLEL_CAPTURES = 2

export interface SiteQuestion extends ConfigQuestion {
  readonly hostname: string
  /** Numeric id of the user; 0 is root. */
  readonly uid: number
  readonly homedir: string
}

/**
 * holdfast.yaml, found, read, checked, with its defaults filled in. Fails with `config.not-found`, with `config.invalid`
 * (the issues rendered as the message, and as data in the details), with `config.unsafe` when others can write it, or when it
 * was named by nobody and belongs to somebody else.
 */
export async function loadSite(question: SiteQuestion): Promise<Site> {
  const configFile = await findConfig(question)
  const isNamed = namedConfig(question) !== undefined
  const config = await configOf(configFile, isNamed ? undefined : trustedOwners(question.uid, question.env))
  const stateDir = config.stateDir ?? defaultStateDir(question)
  const host = config.host ?? (await hostName(stateDir, question.hostname))
  const { temporal, allow, alarm } = config
  return {
    configFile,
    site: config.site ?? host,
    host,
    stateDir,
    plans: config.plans ?? DEFAULT_PLANS,
    ...(temporal === undefined ? {} : { temporal }),
    destinations: config.destinations ?? {},
    keys: config.keys ?? {},
    services: config.services ?? {},
    ...(allow === undefined ? {} : { allow }),
    ...(alarm === undefined ? {} : { alarm }),
    limits: {
      parallelCaptures: config.limits?.parallelCaptures ?? DEFAULT_PARALLEL_CAPTURES,
      ...(config.limits?.spool === undefined ? {} : { spoolBytes: parseSize(config.limits.spool) }),
    },
    defaults: config.defaults ?? {},
  }
}

async function configOf(file: string, owners: readonly number[] | undefined): Promise<ConfigFile> {
  let text: string
  try {
    // Plans lie beside the link, not beside what it leads to.
    if (owners) refuseOwnedByOthers(file, await lstat(file), owners)
    text = await readOwnText(file, owners)
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw new HoldfastError('config.invalid', `${file} cannot be read: ${readingProblem(error)}.`, {
      hint: 'Let this user read it, or name another with --config FILE.',
      cause: error,
    })
  }
  const { config, issues } = readConfig(text, file)
  if (config && !hasErrors(issues)) return config
  throw new HoldfastError('config.invalid', renderIssues(issues, { [file]: text }), {
    hint: `Correct ${file}: nothing runs until it is valid.`,
    details: { issues },
  })
}

/** For root, where the watchdog and a person look for it; else where the user's programs keep their state. */
export function defaultStateDir({
  uid,
  env,
  homedir,
}: Pick<SiteQuestion, 'uid' | 'env' | 'homedir'>): string {
  if (uid === 0) return '/var/lib/holdfast'
  const base = env['XDG_STATE_HOME']
  // The XDG specification says to ignore relative paths.
  return join(base?.startsWith('/') === true ? base : join(homedir, '.local', 'state'), 'holdfast')
}
