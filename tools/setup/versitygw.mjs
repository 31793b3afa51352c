// An S3 server for the tests: real signatures, multipart, object lock. Built once with Go, then kept in the cache.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run, step } from './steps.mjs'

const VERSION = '1.8.0'
const MODULE = 'github.com/versity/versitygw/cmd/versitygw'

/** Without Go nothing is built: the tests say what they miss. */
export function installVersitygw() {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', 'bin')
  const program = join(folder, `versitygw-${VERSION}`)
  const isThere = existsSync(program) || spawnSync('versitygw', ['--version']).status === 0
  if (isThere || spawnSync('go', ['version']).status !== 0) return
  step('Building the S3 server of the tests with Go (2 to 4 minutes the first time, done once)')
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(folder, '.build-'))
  // `-v` names packages as they are compiled: somebody may be watching.
  run('go', ['install', '-v', '-trimpath', '-ldflags', '-s -w', `${MODULE}@v${VERSION}`], {
    env: { CGO_ENABLED: '0', GOBIN: scratch },
  })
  renameSync(join(scratch, 'versitygw'), program)
  rmSync(scratch, { recursive: true })
}

if (process.argv[1] === import.meta.filename) installVersitygw()
