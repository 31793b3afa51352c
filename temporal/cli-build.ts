import { spawn } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatDuration } from '../core/units.js'
import { PINNED_CLI_VERSION } from './cli-version.js'

const PACKAGE = 'github.com/temporalio/cli/cmd/temporal'
const PROGRESS_INTERVAL_MS = 10_000
/** Measured: up to 11 minutes on two cores, the first time. */
const BUILD_WITHIN_MS = 40 * 60_000
/** Enough of what the compiler said to see why it failed. */
const MAX_ERROR_LENGTH = 600

/**
 * Builds the program from the module pinned in `moduleFolder` and puts it at `destination`: complete, or not at all.
 * Throws an ordinary error that says why not.
 */
export async function buildCli(options: {
  readonly moduleFolder: string
  readonly destination: string
  readonly environment: NodeJS.ProcessEnv
  readonly onProgress: (line: string) => void
  readonly signal: AbortSignal
}): Promise<void> {
  const { destination, onProgress } = options
  onProgress(
    `Building Temporal's CLI ${PINNED_CLI_VERSION} with Go: this takes up to 10 minutes the first time, and is done once.`,
  )
  const scratch = await mkdtemp(join(dirname(destination), '.build-'))
  const stopTelling = tellElapsed(onProgress)
  try {
    const program = join(scratch, 'temporal')
    await compile(program, options)
    await rename(program, destination)
    onProgress("Built Temporal's CLI.")
  } finally {
    stopTelling()
    await rm(scratch, { recursive: true, force: true })
  }
}

function tellElapsed(onProgress: (line: string) => void): () => void {
  let elapsedMs = 0
  const timer = setInterval(() => {
    elapsedMs += PROGRESS_INTERVAL_MS
    onProgress(`Building Temporal's CLI … ${formatDuration(elapsedMs)}`)
  }, PROGRESS_INTERVAL_MS)
  return () => clearInterval(timer)
}

function compile(
  program: string,
  {
    moduleFolder,
    environment,
    signal,
  }: { moduleFolder: string; environment: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<void> {
  const flags = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${PINNED_CLI_VERSION}`
  const child = spawn('go', ['build', '-ldflags', flags, '-o', program, PACKAGE], {
    cwd: moduleFolder,
    env: { ...environment, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_WITHIN_MS,
    signal,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MAX_ERROR_LENGTH)
  })
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('Go is not installed (no `go` on PATH)') : error),
    )
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve()
      else reject(new Error(`go build ended with ${killedBy ?? `exit code ${code}`}: ${said.trim()}`))
    })
  })
}
