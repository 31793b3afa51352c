import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../temporal/cli-binary.js'
import { freePort } from './free-port.js'
import { S3_KEY, S3_REGION, S3_SECRET, s3Server } from './s3.js'
import { until } from './until.js'

interface Kind {
  /** As `tools/setup/s3-servers.mjs` installs it. */
  readonly cachedName: string
  /** For a new folder. */
  prepare(folder: string, port: number): Promise<{ argv: readonly string[]; environment: NodeJS.ProcessEnv }>
}

const kinds: Readonly<Record<typeof s3Server, Kind>> = {
  versitygw: {
    cachedName: 'versitygw-1.8.0',
    async prepare(folder, port) {
      for (const name of ['data', 'versions', 'iam']) await mkdir(join(folder, name))
      return {
        argv: [
          ...['--port', `127.0.0.1:${port}`, '--iam-dir', join(folder, 'iam'), '--keep-alive', '-q', 'posix'],
          ...['--versioning-dir', join(folder, 'versions'), join(folder, 'data')],
        ],
        environment: { ROOT_ACCESS_KEY: S3_KEY, ROOT_SECRET_KEY: S3_SECRET },
      }
    },
  },
  minio: {
    cachedName: 'minio-0.0.0-20260212201848-7aac2a2c5b7c',
    async prepare(folder, port) {
      return {
        argv: ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder, 'data')],
        environment: {
          ...{ HOME: folder, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off', MINIO_REGION: S3_REGION },
          ...{ MINIO_ROOT_USER: S3_KEY, MINIO_ROOT_PASSWORD: S3_SECRET },
          MINIO_KMS_SECRET_KEY: `of-the-store:${randomBytes(32).toString('base64')}`,
        },
      }
    },
  },
}

/** Why no S3 server can be started here; undefined where one can, or where HOLDFAST_TEST_S3 names one. */
export const missingS3 = async (): Promise<string | undefined> =>
  process.env['HOLDFAST_TEST_S3'] === undefined && (await program()) === undefined
    ? `no ${s3Server} on PATH or in the cache: \`node tools/setup/s3-servers.mjs --long\` builds it`
    : undefined

/** A real S3 server for a whole run of tests; the one that HOLDFAST_TEST_S3 names is left alone at the end. */
export async function startS3(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const shared = process.env['HOLDFAST_TEST_S3']
  if (shared !== undefined) return { endpoint: shared, stop: async () => undefined }
  const file = await program()
  if (file === undefined) throw new Error(`${s3Server} is not installed.`)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  const port = await freePort()
  const { argv, environment } = await kinds[s3Server].prepare(folder, port)
  const log = await open(join(folder, 'server.log'), 'a')
  // Dies with us, also when we are killed: no test run leaves a server behind.
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...argv], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...environment },
  })
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
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, s3Server)),
    join(cacheFolder(process.env), kinds[s3Server].cachedName),
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
