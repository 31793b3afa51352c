import { join } from 'node:path'
import { assert } from '../../core/assert.js'
import { hasErrors, renderIssues, type Issue } from '../../plan/issues.js'
import type { SeenMachine } from '../../plan/propose/facts.js'
import { propose } from '../../plan/propose/propose.js'
import type { Proposal } from '../../plan/propose/proposal.js'
import { renderConfig, renderPlan } from '../../plan/propose/render.js'
import { readConfig, readPlan } from '../../plan/validate.js'
import { packageRoot } from '../../temporal/package-root.js'
import type { NewFile } from './write-files.js'

export interface DraftOptions {
  /** Of the key that is proposed. */
  readonly keyFile: string
  /** Folder for backups. */
  readonly destination: string
  readonly timezone: string
}

export interface Draft extends Proposal {
  readonly files: readonly NewFile[]
}

/** The files that a first configuration of this machine has. They are read back as they would be later: they have no mistakes. */
export function draftFiles(machine: SeenMachine, options: DraftOptions): Draft {
  const { keyFile, destination, timezone } = options
  const proposal = propose(machine, destination)
  const rendering = { schemas: join(packageRoot(), 'schemas'), timezone }
  const config = { path: 'holdfast.yaml', text: renderConfig({ destination, keyFile }, rendering) }
  const plans = proposal.plans.map((plan, index) => ({
    path: `plans/${plan.name}.yaml`,
    text: renderPlan(plan, index, rendering),
  }))
  requireValid(config, plans)
  return { ...proposal, files: [config, ...plans] }
}

function requireValid(config: NewFile, plans: readonly NewFile[]): void {
  const read = readConfig(config.text, config.path)
  requireNone(read.issues, config)
  const site = { destinations: {}, keys: {}, services: {}, defaults: {}, ...read.config, host: 'here' }
  for (const plan of plans) requireNone(readPlan(plan.text, plan.path, site).issues, plan)
}

const requireNone = (issues: readonly Issue[], { path, text }: NewFile): void =>
  assert(
    !hasErrors(issues),
    `a file that init would write has mistakes:\n${renderIssues(issues, { [path]: text })}`,
  )
