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

/** The plan that was named, or none where it must be a backup: ids of those begin with a date, as the name of a plan may. */
export async function planOrNone(site: Site, named: string): Promise<CompiledPlan | undefined> {
  if (!/^[0-9]/.test(named)) return planFrom(site, named)
  const { loadPlans } = await import('../site/plans.js')
  return (await loadPlans(site)).plans.find(({ name }) => name === named)
}
