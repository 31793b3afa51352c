// `npm run check`: everything that can be said of the code without running it. All steps run, so all mistakes show at once.
import { spawnSync } from 'node:child_process'
import { root, sourceFolders } from './setup/steps.mjs'

const steps = [
  // Twice as fast the second time; what it remembers is checked against the files.
  [
    'types',
    'tsc',
    ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types.tsbuildinfo'],
  ],
  ['eslint', 'eslint', ['.', '--cache', '--cache-location', 'node_modules/.cache/eslint/']],
  ['prettier', 'prettier', ['--check', '--log-level', 'warn', '--cache', '.']],
  [
    'layers',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...sourceFolders, 'test', 'tools'],
  ],
  ['unused code', 'knip', ['--no-progress']],
  ['schemas and their reference are fresh', 'tsx', ['tools/generate-schemas.ts', '--check']],
  ['command reference is fresh', 'tsx', ['tools/generate-command-docs.ts', '--check']],
]

let failed = 0
for (const [title, program, args] of steps) {
  const result = spawnSync('npm', ['exec', '--no', '--', program, ...args], { cwd: root, encoding: 'utf8' })
  const isGood = result.status === 0
  console.log(`${isGood ? '✔' : '✘'} ${title}`)
  if (isGood) continue
  failed++
  console.log(`${result.stdout}${result.stderr}`.replace(/^npm warn .*$\n?/gm, ''))
}
console.log(failed === 0 ? 'check: all well' : `check: ${failed} of ${steps.length} steps failed`)
process.exit(failed === 0 ? 0 : 1)
