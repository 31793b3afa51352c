// S3 servers for the tests: real signatures, multipart, object lock. Built once with Go, then kept in the cache.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run, step } from './steps.mjs'

/** The one of every day. */
export const installVersitygw = () =>
  installGoProgram('versitygw', '1.8.0', 'github.com/versity/versitygw/cmd/versitygw')

/** The second truth, of `npm run test:long`: it encrypts what it keeps where it is asked to. */
export const installMinio = () =>
  installGoProgram('minio', '0.0.0-20260212201848-7aac2a2c5b7c', 'github.com/minio/minio')

/** Without Go nothing is built: the tests say what they miss. */
function installGoProgram(name, version, module) {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', 'bin')
  const program = join(folder, `${name}-${version}`)
  const isThere = existsSync(program) || spawnSync(name, ['--version']).status === 0
  if (isThere || spawnSync('go', ['version']).status !== 0) return
  step(`Building ${name}, an S3 server of the tests, with Go (some minutes the first time, done once)`)
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(folder, '.build-'))
  // `-v` names packages as they are compiled: somebody may be watching.
  run('go', ['install', '-v', '-trimpath', '-ldflags', '-s -w', `${module}@v${version}`], {
    env: { CGO_ENABLED: '0', GOBIN: scratch },
  })
  renameSync(join(scratch, name), program)
  rmSync(scratch, { recursive: true })
}

if (process.argv[1] === import.meta.filename) {
  installVersitygw()
  if (process.argv.includes('--long')) installMinio()
}
