import { execFile } from 'node:child_process'

/** What we were tried with. Names the release, the module in `tools/temporal-cli/` and the file in the cache. */
export const PINNED_CLI_VERSION = '1.8.2'
/** The first with the flags that we start the server with. */
export const OLDEST_CLI_VERSION = '1.5.0'

/** A program on a cold disk; the CLI is 130 MB. */
const ANSWER_WITHIN_MS = 20_000

const NEEDED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG']

/** What the program needs of our environment, which holds the secrets of plans. */
export const cliEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(NEEDED.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
  TEMPORAL_VERSION_CHECK_DISABLED: '1',
})

/** The version that the program says it is; undefined when it cannot be run or is no Temporal CLI. */
export function cliVersion(path: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const env = cliEnvironment(environment)
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: ANSWER_WITHIN_MS, env }, (error, stdout) => {
      const match = /^temporal version v?([0-9]+\.[0-9]+\.[0-9]+)/m.exec(stdout)
      resolve(error === null ? match?.[1] : undefined)
    })
  })
}

export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_CLI_VERSION.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}
