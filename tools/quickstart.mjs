// `npm run quickstart`: sets up what is needed, then does the whole job on a small real application. See tools/quickstart/main.ts.
import { join } from 'node:path'
import { nodeWithSqlite } from './setup/sqlite.mjs'
import { build, checkNode, installPackages, root, run, step } from './setup/steps.mjs'

checkNode()
installPackages()
build()
step('Getting the Temporal CLI')
run('npm', ['exec', '--no', '--', 'tsx', 'tools/install-temporal.ts'])
const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs')
run(nodeWithSqlite(), [tsx, 'tools/quickstart/main.ts', ...process.argv.slice(2)])
