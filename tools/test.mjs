// `npm test`: everything that the tests need, then check, unit, contract, replay and end-to-end tests.
// The last line is `N passed, N failed`, from the runner's own results. `--long` runs the longer forms of the same suites.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDebianPackages } from './setup/debian.mjs'
import { buildPkcs11 } from './setup/pkcs11.mjs'
import { installVersitygw } from './setup/versitygw.mjs'
import { build, checkNode, installPackages, root, run, step } from './setup/steps.mjs'
import { installTink } from './setup/tink.mjs'

checkNode()
installDebianPackages()
installTink()
installPackages()
buildPkcs11()
build()
step('Getting the Temporal CLI')
run('npm', ['exec', '--no', '--', 'tsx', 'tools/install-temporal.ts'])
installVersitygw()

step('Check')
const check = spawnSync('node', ['tools/check.mjs'], { cwd: root, stdio: 'inherit' })

step('Tests')
const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
const results = join(folder, 'results.json')
const jest = spawnSync(
  'npm',
  [
    'exec',
    '--no',
    '--',
    'jest',
    '--json',
    `--outputFile=${results}`,
    ...process.argv.slice(2).filter((argument) => argument !== '--long'),
  ],
  {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
      HOLDFAST_TEST_LONG: process.argv.includes('--long') ? '1' : '',
    },
  },
)

const report = readReport()
rmSync(folder, { recursive: true, force: true })
if (report === undefined) {
  console.log('The test runner ended without results.\n0 passed, 1 failed')
  process.exit(1)
}

// A suite that cannot even be loaded has no tests of its own to fail.
const brokenSuites = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
const failed = report.numFailedTests + brokenSuites.length + (check.status === 0 ? 0 : 1)
const skipped = report.numPendingTests
for (const suite of report.testResults) {
  for (const { status, fullName } of suite.assertionResults) {
    if (status === 'failed') console.log(`failed: ${fullName}`)
    if (status === 'pending') console.log(`not run: ${fullName}`)
  }
}
for (const suite of brokenSuites) console.log(`failed to load: ${suite.name.replace(`${root}/`, '')}`)
if (check.status !== 0) console.log('failed: npm run check')
const isStrict = process.env.CI === 'true'
if (isStrict && skipped > 0) console.log('With CI=true every test must run.')
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 || jest.status !== 0 || (isStrict && skipped > 0) ? 1 : 0)

function readReport() {
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    return undefined
  }
}
