// Set-up that must work before any package is installed: plain JavaScript, Node's own modules only.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

const MINIMUM_NODE = [20, 19]

/** Runs a program with our own terminal; ends the set-up with its exit code when it fails. */
export function run(command, args, { quiet = false, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.error !== undefined || result.status !== 0) {
    if (quiet) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    console.error(
      `\n${[command, ...args].join(' ')} failed${result.error ? `: ${result.error.message}` : ''}.`,
    )
    process.exit(result.status || 1)
  }
  return String(result.stdout ?? '')
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return
  console.error(`Holdfast needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

/** Installs packages when package.json or the lock file changed since the last time. */
export function installPackages() {
  const wanted = digest(['package.json', 'package-lock.json'])
  const stamp = join(root, 'node_modules', '.holdfast-installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  step('Installing packages (npm install)')
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, digest(['package.json', 'package-lock.json']))
}

/** Compiles and bundles when a source is newer than the last build. */
export function build() {
  const stamp = join(root, 'dist', '.built')
  if (existsSync(stamp) && newestSource() <= statSync(stamp).mtimeMs) return
  step('Building')
  run('npm', ['run', '--silent', 'build'])
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(stamp, '')
}

export const step = (title) => console.log(`\n── ${title}`)

/** Folders are layers: what is compiled into `dist`. */
export const sourceFolders = [
  'schemas',
  'core',
  'plan',
  'site',
  'workflows',
  'activities',
  'temporal',
  'worker',
  'operations',
  'cli',
]
const buildFiles = ['package.json', 'tsconfig.json', 'tsconfig.build.json']

function newestSource() {
  const files = sourceFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
  )
  return Math.max(...[...files, ...buildFiles].map((name) => statSync(join(root, name)).mtimeMs))
}

function digest(names) {
  const hash = createHash('sha256').update(process.version)
  for (const name of names) if (existsSync(join(root, name))) hash.update(readFileSync(join(root, name)))
  return hash.digest('hex')
}
