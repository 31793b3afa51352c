// `npm run quickstart`: sets up what is needed, then does the whole job on a small real application. See tools/quickstart/main.ts.
import { build, checkNode, installPackages, run, step } from './setup/steps.mjs'

checkNode()
installPackages()
build()
step('Getting the Temporal CLI')
run('npm', ['exec', '--no', '--', 'tsx', 'tools/install-temporal.ts'])
run('npm', ['exec', '--no', '--', 'tsx', 'tools/quickstart/main.ts', ...process.argv.slice(2)])
