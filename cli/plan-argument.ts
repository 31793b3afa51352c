import { resolve } from 'node:path'
import { Args } from '@oclif/core'
import type { Site } from '../core/site.js'
import type { CompiledPlan } from '../plan/compile.js'

export const planArgument = Args.string({
  description: 'Name of a plan, or a plan file (with a slash or a dot in it).',
  required: true,
})

/** The plan that was named; files count from the working folder, as in any shell command. */
export async function planFrom(site: Site, nameOrFile: string): Promise<CompiledPlan> {
  const { looksLikeFile, planNamed } = await import('../operations/plans.js')
  return planNamed(site, looksLikeFile(nameOrFile) ? resolve(nameOrFile) : nameOrFile)
}

/** The plan that was named, where one is: what else it may be is for the caller to find out. */
export async function planOrNone(site: Site, named: string): Promise<CompiledPlan | undefined> {
  const { allPlans, looksLikeFile } = await import('../operations/plans.js')
  if (looksLikeFile(named)) return planFrom(site, named)
  return (await allPlans(site)).find(({ name }) => name === named)
}
