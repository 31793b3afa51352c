import { spawn } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../temporal/cli-binary.js'
import { freePort } from './free-port.js'
import { S3_KEY, S3_SECRET } from './s3.js'
import { until } from './until.js'

/** As `tools/setup/versitygw.mjs` installs it. */
const CACHED_NAME = 'versitygw-1.8.0'

/** Why no S3 server can be started here; undefined where one can, or where HOLDFAST_TEST_S3 names one. */
export const missingS3 = async (): Promise<string | undefined> =>
  process.env['HOLDFAST_TEST_S3'] === undefined && (await program()) === undefined
    ? 'no versitygw on PATH or in the cache: `node tools/setup/versitygw.mjs` builds it'
    : undefined

/** A real S3 server for a whole run of tests; the one that HOLDFAST_TEST_S3 names is left alone at the end. */
export async function startS3(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const shared = process.env['HOLDFAST_TEST_S3']
  if (shared !== undefined) return { endpoint: shared, stop: async () => undefined }
  const versitygw = await program()
  if (versitygw === undefined) throw new Error('versitygw is not installed.')
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  for (const name of ['data', 'versions', 'iam']) await mkdir(join(folder, name))
  const port = await freePort()
  const log = await open(join(folder, 'server.log'), 'a')
  const argv = [
    '--port',
    `127.0.0.1:${port}`,
    '--iam-dir',
    join(folder, 'iam'),
    '--keep-alive',
    '-q',
    'posix',
  ]
  const server = spawn(
    // Dies with us, also when we are killed: no test run leaves a server behind.
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      versitygw,
      ...argv,
      '--versioning-dir',
      join(folder, 'versions'),
      join(folder, 'data'),
    ],
    {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ROOT_ACCESS_KEY: S3_KEY, ROOT_SECRET_KEY: S3_SECRET },
    },
  )
  await log.close()
  const hasEnded = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const endpoint = `http://127.0.0.1:${port}`
  await until('the S3 server answers', () => fetch(endpoint).then(Boolean, () => false), 20_000)
  server.unref()
  return {
    endpoint,
    stop: async () => {
      server.ref()
      server.kill('SIGKILL')
      await hasEnded
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function program(): Promise<string | undefined> {
  const candidates = [
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'versitygw')),
    join(cacheFolder(process.env), CACHED_NAME),
  ]
  for (const file of candidates)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file
  return undefined
}
