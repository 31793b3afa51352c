// `npm test`: everything that the tests need, then check, unit, contract, replay and end-to-end tests.
// The last line is `N passed, N failed`, from the runner's own results. `--long` runs the longer forms of the same suites.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDebianPackages } from './setup/debian.mjs'
import { buildPkcs11 } from './setup/pkcs11.mjs'
import { installMinio, installVersitygw } from './setup/s3-servers.mjs'
import { build, checkNode, installPackages, root, run, step } from './setup/steps.mjs'
import { installTink } from './setup/tink.mjs'

const ONCE_MORE_ON_MINIO = ['test/contracts/.*destination', 'test/activities/destinations/s3.test']

checkNode()
installDebianPackages()
installTink()
installPackages()
buildPkcs11()
build()
step('Getting the Temporal CLI')
run('npm', ['exec', '--no', '--', 'tsx', 'tools/install-temporal.ts'])
installVersitygw()
const isLong = process.argv.includes('--long')
if (isLong) installMinio()

step('Check')
const check = spawnSync('node', ['tools/check.mjs'], { cwd: root, stdio: 'inherit' })

step('Tests')
const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
const wanted = process.argv.slice(2).filter((argument) => argument !== '--long')
const runs = [test('all', wanted, {})]
// What destinations promise, once more on another server.
if (isLong) runs.push(test('minio', ONCE_MORE_ON_MINIO, { HOLDFAST_TEST_S3_SERVER: 'minio' }))
rmSync(folder, { recursive: true, force: true })
if (runs.some((run) => run === undefined)) {
  console.log('The test runner ended without results.\n0 passed, 1 failed')
  process.exit(1)
}

// A suite that cannot even be loaded has no tests of its own to fail.
const suites = runs.flatMap(({ testResults }) => testResults)
const brokenSuites = suites.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
const sumOf = (count) => runs.reduce((sum, run) => sum + run[count], 0)
const failed = sumOf('numFailedTests') + brokenSuites.length + (check.status === 0 ? 0 : 1)
const skipped = sumOf('numPendingTests')
for (const suite of suites) {
  for (const { status, fullName } of suite.assertionResults) {
    if (status === 'failed') console.log(`failed: ${fullName}`)
    if (status === 'pending') console.log(`not run: ${fullName}`)
  }
}
for (const suite of brokenSuites) console.log(`failed to load: ${suite.name.replace(`${root}/`, '')}`)
if (check.status !== 0) console.log('failed: npm run check')
const isStrict = process.env.CI === 'true'
if (isStrict && skipped > 0) console.log('With CI=true every test must run.')
console.log(`${sumOf('numPassedTests')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 || runs.some(({ status }) => status !== 0) || (isStrict && skipped > 0) ? 1 : 0)

/** What jest found, and how it ended; undefined when it left no results. */
function test(name, patterns, env) {
  const results = join(folder, `${name}.json`)
  const argv = ['exec', '--no', '--', 'jest', '--json', `--outputFile=${results}`, ...patterns]
  const { status } = spawnSync('npm', argv, {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
      HOLDFAST_TEST_LONG: isLong ? '1' : '',
      ...env,
    },
  })
  try {
    return { ...JSON.parse(readFileSync(results, 'utf8')), status }
  } catch {
    return undefined
  }
}
