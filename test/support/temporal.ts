import { spawn } from 'node:child_process'
import { access, constants, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { NativeConnection } from '@temporalio/worker'
import { searchAttributes } from '../../core/messages.js'
import { cacheFolder } from '../../temporal/cli-binary.js'
import { PINNED_CLI_VERSION } from '../../temporal/cli-version.js'
import { freePort } from './free-port.js'
import { until } from './until.js'

const NAMESPACE = 'holdfast'
const READY_WITHIN_MS = 30_000

export interface TestTemporal {
  readonly address: string
  readonly namespace: string
  stop(): Promise<void>
}

/**
 * A real server in memory, for one test file or for a whole run: with HOLDFAST_TEST_TEMPORAL=host:port that server is
 * used, and left alone at the end.
 */
export async function startTemporal(): Promise<TestTemporal> {
  const shared = process.env.HOLDFAST_TEST_TEMPORAL
  if (shared !== undefined) return { address: shared, namespace: NAMESPACE, stop: async () => undefined }
  return startOwnTemporal()
}

const STARTS = 3

/** A server that no other file uses: for those whose workers take what is on the queues of a host that others have, too. */
export async function startOwnTemporal(): Promise<TestTemporal> {
  for (let start = 1; ; start++) {
    try {
      return await startOnce()
    } catch (error) {
      // It looks for more free ports by itself, and now and then somebody else is quicker.
      if (start === STARTS || !/address already in use/.test(String(error))) throw error
    }
  }
}

async function startOnce(): Promise<TestTemporal> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-temporal-'))
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'a')
  const address = `127.0.0.1:${await freePort()}`
  // Dies with us, also when we are killed: no test run leaves a server behind. Its output goes to a file, since a pipe
  // would keep the test process alive.
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', await cli(), ...serverArguments(address)], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, TEMPORAL_VERSION_CHECK_DISABLED: '1' },
  })
  await log.close()
  const hasEnded = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async () => {
    // It was let go, so that it keeps nobody alive; its end is waited for all the same.
    server.ref()
    // Nothing to save: it was in memory.
    server.kill('SIGKILL')
    await hasEnded
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until(
      'the Temporal server answers',
      async () => {
        if (server.exitCode !== null) throw new Error(`It has ended: ${await readFile(logFile, 'utf8')}`)
        return answers(address)
      },
      READY_WITHIN_MS,
    )
  } catch (error) {
    await stop()
    throw error
  }
  server.unref()
  return { address, namespace: NAMESPACE, stop }
}

function serverArguments(address: string): string[] {
  const [ip = '', port = ''] = address.split(':')
  return [
    'server',
    'start-dev',
    '--headless',
    ...['--ip', ip, '--port', port, '--namespace', NAMESPACE, '--log-level', 'error'],
    ...['--dynamic-config-value', 'limit.maxIDLength=255'],
    ...Object.values(searchAttributes).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ]
}

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await NativeConnection.connect({ address })
    await connection.workflowService
      .describeNamespace({ namespace: NAMESPACE })
      .finally(() => connection.close())
    return true
  } catch {
    return false
  }
}

/** As the product looks for it, without download and build. */
async function cli(): Promise<string> {
  const { HOLDFAST_TEMPORAL_CLI, PATH = '' } = process.env
  const candidates = [
    ...(HOLDFAST_TEMPORAL_CLI === undefined ? [] : [HOLDFAST_TEMPORAL_CLI]),
    join(cacheFolder(process.env), `temporal-${PINNED_CLI_VERSION}`),
    ...PATH.split(delimiter).map((folder) => join(folder, 'temporal')),
  ]
  for (const file of candidates) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  throw new Error(`No Temporal CLI in ${candidates[0]} or on PATH: set HOLDFAST_TEMPORAL_CLI`)
}
