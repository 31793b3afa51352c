import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import picomatch from 'picomatch'
import { HoldfastError } from '../core/errors.js'
import { globMatcher } from '../core/globs.js'
import type { Site } from '../core/site.js'
import { isMissing, readingProblem } from './read-text.js'

/** A glob like `**` in the wrong place would otherwise walk over a whole disk. */
const MOST_ENTRIES = 20_000
const MOST_PLANS = 1000
const MOST_DEPTH = 16

/**
 * Plan files that the globs of holdfast.yaml name, relative to its folder, sorted. Links to folders are not followed.
 * Fails with `config.invalid` when there are more than any site has.
 */
export async function planFiles({
  configFile,
  plans,
}: Pick<Site, 'configFile' | 'plans'>): Promise<readonly string[]> {
  const root = dirname(configFile)
  const found = new Set<string>()
  let entries = 0
  for (const glob of plans) {
    const { base } = picomatch.scan(glob)
    const isMatch = globMatcher([glob])
    const isFileName = base === glob
    if (isFileName) found.add(glob)
    const depth = glob.includes('**') ? MOST_DEPTH : glob.split('/').length
    const folders = isFileName ? [] : [base]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await list(root, folder)) {
        if (++entries > MOST_ENTRIES) throw tooMany(`more than ${MOST_ENTRIES} files and folders`)
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        if (entry.isDirectory() && path.split('/').length < depth && entry.name !== 'node_modules')
          folders.push(path)
        if ((entry.isFile() || entry.isSymbolicLink()) && isMatch(path)) found.add(path)
      }
    }
  }
  found.delete('holdfast.yaml')
  if (found.size > MOST_PLANS) throw tooMany(`more than ${MOST_PLANS} plans`)
  return [...found].sort()
}

async function list(root: string, folder: string) {
  try {
    return await readdir(join(root, folder), { withFileTypes: true })
  } catch (error) {
    // A folder for plans that is not there yet has no plans.
    if (isMissing(error)) return []
    throw new HoldfastError(
      'config.invalid',
      `${join(root, folder)} cannot be searched for plans: ${readingProblem(error)}.`,
      {
        hint: 'Let this user read the folder, or correct "plans" in holdfast.yaml.',
        cause: error,
      },
    )
  }
}

const tooMany = (what: string) =>
  new HoldfastError('config.invalid', `The globs under "plans" in holdfast.yaml cover ${what}.`, {
    hint: 'Name the folder with the plans, for example plans/*.yaml.',
  })
