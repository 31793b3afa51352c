import { dirname, relative, resolve } from 'node:path'
import pLimit from 'p-limit'
import { messageOf } from '../core/causes.js'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { compilePlan, type CompiledPlan } from '../plan/compile.js'
import { duplicateNames } from '../plan/duplicates.js'
import { hasErrors, renderIssues, type Issue } from '../plan/issues.js'
import { didYouMean } from '../core/suggest.js'
import { readPlan } from '../plan/validate.js'
import { planFiles } from './plan-files.js'
import { isMissing, readOwnText, readingProblem } from './read-text.js'

/** Enough to hide the latency of a network mount; each is open only while it is read. */
const FILES_AT_ONCE = 16

/** Plans, and what there is to say about their files. A file with errors has no plan here. */
export interface LoadedPlans {
  readonly plans: readonly CompiledPlan[]
  readonly issues: readonly Issue[]
  /** Text of each file, by its name in issues: for `renderIssues`. */
  readonly texts: Readonly<Record<string, string>>
}

/** All plans of the site, sorted by file. Mistakes are in `issues`; fails only as `planFiles` does. */
export async function loadPlans(site: Site): Promise<LoadedPlans> {
  return loadAll(site, await planFiles(site))
}

/**
 * As `loadPlans`, for who asks often, such as a worker before each step: files are read anew every time, but a text that has
 * not changed is not compiled again. Remembers the plans of the last reading.
 */
export function plansReader(site: Site): () => Promise<LoadedPlans> {
  let last = new Map<string, Remembered>()
  return async () => {
    const now = new Map<string, Remembered>()
    const compile = (text: string, file: string) => {
      const found = last.get(file)
      const loaded = found?.text === text ? found.loaded : compileText(site, text, file)
      now.set(file, { text, loaded })
      return loaded
    }
    const loaded = await loadAll(site, await planFiles(site), compile)
    last = now
    return loaded
  }
}

interface Remembered {
  readonly text: string
  readonly loaded: LoadedPlans
}

/** One plan file, which need not be among `plans` of holdfast.yaml. A relative path counts from the folder of holdfast.yaml. */
export async function loadPlanFile(site: Site, file: string): Promise<LoadedPlans> {
  return load(site, file)
}

/** Several plan files, checked against each other as those of the site are. */
export async function loadPlanFiles(site: Site, files: readonly string[]): Promise<LoadedPlans> {
  const absolute = new Set(files.map((file) => resolve(dirname(site.configFile), file)))
  return loadAll(site, [...absolute])
}

/** The plans, when none of their files has an error. Fails with `plan.invalid`, the rendered issues as its message. */
export function requirePlans(loaded: LoadedPlans): readonly CompiledPlan[] {
  if (!hasErrors(loaded.issues)) return loaded.plans
  throw new HoldfastError('plan.invalid', renderIssues(loaded.issues, loaded.texts), {
    hint: 'Correct the plans, then run `holdfast plan validate`.',
    details: { issues: loaded.issues },
  })
}

/** One plan by its name, whatever is wrong with others. Fails with `plan.not-found`, or `plan.invalid` when its file has errors. */
export function requirePlan(loaded: LoadedPlans, name: string): CompiledPlan {
  const plan = loaded.plans.find((candidate) => candidate.name === name)
  if (plan) return plan
  // It may well be one of those that could not be read.
  requirePlans(loaded)
  const names = loaded.plans.map((candidate) => candidate.name)
  const known =
    names.length === 0 ? 'holdfast.yaml names no plans.' : `There are ${names.slice(0, 20).join(', ')}.`
  throw new HoldfastError('plan.not-found', `There is no plan "${name}".`, {
    hint: didYouMean(name, names) ?? known,
  })
}

type Compile = (text: string, file: string) => LoadedPlans

async function loadAll(site: Site, files: readonly string[], compile?: Compile): Promise<LoadedPlans> {
  const places = pLimit(FILES_AT_ONCE)
  return together(await Promise.all(files.map((file) => places(() => load(site, file, compile)))))
}

async function load(site: Site, path: string, compile?: Compile): Promise<LoadedPlans> {
  const absolute = resolve(dirname(site.configFile), path)
  const file = shownName(site, absolute)
  let text: string
  try {
    text = await readOwnText(absolute)
  } catch (error) {
    return { plans: [], issues: [unreadable(file, error)], texts: {} }
  }
  return compile === undefined ? compileText(site, text, file) : compile(text, file)
}

/** Never throws: a fault of ours with one plan must not take the others along. */
function compileText(site: Site, text: string, file: string): LoadedPlans {
  const texts = { [file]: text }
  try {
    const { plan, issues } = readPlan(text, file, site)
    return { plans: plan ? [compilePlan(plan, text, site, file)] : [], issues, texts }
  } catch (error) {
    return { plans: [], issues: [unexpected(file, error)], texts }
  }
}

/** Relative to the folder of holdfast.yaml where it lies below that: messages stay short, and the same on all machines. */
function shownName({ configFile }: Site, absolute: string): string {
  const inside = relative(dirname(configFile), absolute)
  return inside.startsWith('..') ? absolute : inside
}

const startOf = (file: string) =>
  ({ file, line: 1, column: 1, length: 1, severity: 'error', path: '' }) as const

const unexpected = (file: string, error: unknown): Issue => ({
  ...startOf(file),
  message: `Holdfast met something it did not expect: ${messageOf(error)}`,
  hint: 'This is a fault of Holdfast, not yours: please report it. Other plans do not suffer from it.',
})

function unreadable(file: string, error: unknown): Issue {
  const place = startOf(file)
  if (error instanceof HoldfastError) {
    return { ...place, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
  }
  const hint = isMissing(error) ? 'Correct the path.' : 'Let this user read it.'
  return { ...place, message: `cannot be read: ${readingProblem(error)}.`, hint }
}

function together(loaded: readonly LoadedPlans[]): LoadedPlans {
  const plans = loaded.flatMap((each) => each.plans)
  const texts: Record<string, string> = Object.assign({}, ...loaded.map((each) => each.texts)) as Record<
    string,
    string
  >
  const duplicates = duplicateNames(plans.map(({ name, file }) => ({ name, file, text: texts[file] ?? '' })))
  const doubtful = new Set(duplicates.map(({ file }) => file))
  return {
    // Which of the plans with one name is meant cannot be known: none of them is run.
    plans: plans.filter(({ file }) => !doubtful.has(file)),
    issues: [...loaded.flatMap((each) => each.issues), ...duplicates],
    texts,
  }
}
