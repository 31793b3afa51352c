import { access, constants, mkdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import { buildCli } from './cli-build.js'
import { downloadCli, officialRelease, type Release } from './cli-download.js'
import { cliVersion, isRecentEnough, OLDEST_CLI_VERSION, PINNED_CLI_VERSION } from './cli-version.js'
import { packageRoot } from './package-root.js'

export interface TemporalCli {
  readonly path: string
  readonly version: string
}

export interface CliOptions {
  readonly environment: NodeJS.ProcessEnv
  /** Lines for a person who waits: a build takes minutes. */
  readonly onProgress?: (line: string) => void
  /** Gives up a download or a build. */
  readonly signal?: AbortSignal
  /** Default: the official release for this platform. */
  readonly release?: Release
  /** Default: the module that comes with Holdfast. */
  readonly moduleFolder?: string
}

/**
 * Finds Temporal's command line program, which the embedded server is a part of: `HOLDFAST_TEMPORAL_CLI`, then PATH, then our
 * cache; else puts it into the cache, from the official release or built from the pinned module. May run twice, also at
 * the same time. Fails with `temporal.cli-missing`, which says what was tried.
 */
export async function ensureTemporalCli(options: CliOptions): Promise<TemporalCli> {
  const { environment } = options
  const named = environment['HOLDFAST_TEMPORAL_CLI']
  if (named !== undefined && named !== '') return namedCli(named, environment)
  const tried: string[] = []
  return (
    (await cliOnPath(environment, tried)) ??
    (await cliInCache(environment, tried)) ??
    (await installCli(options, tried)) ??
    missing(tried)
  )
}

/** Folder of programs that we keep. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const home = environment['HOME'] || homedir()
  return join(environment['XDG_CACHE_HOME'] || join(home, '.cache'), 'holdfast', 'bin')
}

const cachedProgram = (environment: NodeJS.ProcessEnv): string =>
  join(cacheFolder(environment), `temporal-${PINNED_CLI_VERSION}`)

/** Somebody chose this one: another must not be taken silently instead. */
async function namedCli(path: string, environment: NodeJS.ProcessEnv): Promise<TemporalCli> {
  const version = await cliVersion(path, environment)
  if (version !== undefined && isRecentEnough(version)) return { path, version }
  const found = version === undefined ? 'cannot be run as Temporal CLI' : `is version ${version}`
  throw new HoldfastError('temporal.cli-missing', `HOLDFAST_TEMPORAL_CLI names ${path}, which ${found}.`, {
    hint: `Name a Temporal CLI of version ${OLDEST_CLI_VERSION} or later, or unset the variable.`,
  })
}

async function cliOnPath(environment: NodeJS.ProcessEnv, tried: string[]): Promise<TemporalCli | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'temporal')
    if (!(await isProgram(path))) continue
    const version = await cliVersion(path, environment)
    if (version !== undefined && isRecentEnough(version)) return { path, version }
    tried.push(`${path}: ${version === undefined ? 'no Temporal CLI' : `version ${version} is too old`}`)
  }
  tried.push(`PATH: no Temporal CLI of version ${OLDEST_CLI_VERSION} or later`)
  return undefined
}

async function cliInCache(environment: NodeJS.ProcessEnv, tried: string[]): Promise<TemporalCli | undefined> {
  const path = cachedProgram(environment)
  const version = (await isProgram(path)) ? await cliVersion(path, environment) : undefined
  if (version !== undefined) return { path, version }
  tried.push(`${path}: not there`)
  return undefined
}

async function installCli(options: CliOptions, tried: string[]): Promise<TemporalCli | undefined> {
  const { environment, onProgress = () => undefined, signal = new AbortController().signal } = options
  const destination = cachedProgram(environment)
  await mkdir(cacheFolder(environment), { recursive: true })
  const release = options.release ?? officialRelease(process.platform, process.arch)
  const ways: [name: string, put: () => Promise<void>][] = [
    ...(release === undefined
      ? []
      : [
          [release.url, () => downloadCli({ release, destination, onProgress, signal })] satisfies [
            string,
            unknown,
          ],
        ]),
    [
      'go build',
      () => {
        const moduleFolder = options.moduleFolder ?? join(packageRoot(), 'tools', 'temporal-cli')
        return buildCli({ moduleFolder, destination, environment, onProgress, signal })
      },
    ],
  ]
  for (const [name, put] of ways) {
    try {
      await put()
      const version = await cliVersion(destination, environment)
      if (version !== undefined) return { path: destination, version }
      tried.push(`${name}: what it gave cannot be run here`)
    } catch (error) {
      signal.throwIfAborted()
      tried.push(`${name}: ${reasonOf(error)}`)
    }
  }
  return undefined
}

/** `fetch failed` hides why: its cause says. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function missing(tried: readonly string[]): never {
  throw new HoldfastError(
    'temporal.cli-missing',
    `Temporal's command line program, which the embedded server needs, was not found. Tried: ${tried.join('; ')}.`,
    {
      hint: 'Install it (https://docs.temporal.io/cli) and put it on PATH or name it in HOLDFAST_TEMPORAL_CLI; or install Go and try again; or name a server under `temporal:` in holdfast.yaml.',
      details: { tried },
    },
  )
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
