// Google's Tink for Python, in an environment of its own: our encryption is tried against a library that is not ours.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { step } from './steps.mjs'

const VERSION = '1.16.1'

const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', `tink-${VERSION}`)

/** The Python that can import Tink, where it was installed. */
export const pythonWithTink = join(folder, 'bin', 'python')

/** Where Python or its registry is not to be had, the tests say what they miss. */
export function installTink() {
  if (hasTink()) return
  step('Getting Tink for Python')
  rmSync(folder, { recursive: true, force: true })
  const stdio = ['ignore', 'ignore', 'inherit']
  spawnSync('python3', ['-m', 'venv', folder], { stdio })
  spawnSync(pythonWithTink, ['-m', 'pip', 'install', '--quiet', `tink==${VERSION}`], { stdio })
}

export const hasTink = () =>
  existsSync(pythonWithTink) && spawnSync(pythonWithTink, ['-c', 'import tink']).status === 0
