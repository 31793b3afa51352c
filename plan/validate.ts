import type { ConfigFile } from '../schemas/config.js'
import type { PlanFile } from '../schemas/plan.js'
import { validatorOf } from '../schemas/validators.js'
import { configMistakes } from './checks/config.js'
import { databasesInFolders } from './checks/databases-in-folders.js'
import { destinationMistakes, missingDestinations } from './checks/destinations.js'
import { encryptionMistakes } from './checks/encryption.js'
import type { SiteFacts } from './checks/facts.js'
import { holdMistakes } from './checks/holds.js'
import { limitMistakes } from './checks/limits.js'
import { scheduleMistakes } from './checks/schedule.js'
import { sourceMistakes } from './checks/sources.js'
import { verificationMistakes } from './checks/verification.js'
import { hasErrors, orderIssues, type Issue } from './issues.js'
import { says, type Draft, type Mistake } from './mistakes.js'
import { parseYaml, type ParsedYaml } from './parse.js'
import { prune } from './prune.js'
import { schemaMistakes } from './schema-mistakes.js'

/** More would not be read; the rest shows when these are mended. */
const MOST_ISSUES = 50

/**
 * Reads a plan: all its mistakes at once, by line. The plan comes with the defaults of the site filled in, and only when
 * there are no errors; warnings come with it. Never throws, whatever the text is.
 */
export function readPlan(
  text: string,
  file: string,
  site: SiteFacts,
): { plan?: PlanFile; issues: readonly Issue[] } {
  const { parsed, issues } = parseYaml(text, { file, what: 'plan' })
  if (!parsed) return { issues }
  const found = schemaMistakes(validatorOf('plan'), parsed.value)
  const effective: Draft<PlanFile> = { ...site.defaults, ...prune<PlanFile>(parsed.value, found) }
  const mistakes = [...found, ...planMistakes(effective, site)]
  const placed = issuesOf(mistakes, parsed, site.defaults)
  return hasErrors(placed) ? { issues: placed } : { plan: effective as PlanFile, issues: placed }
}

/** Reads holdfast.yaml in the same way. */
export function readConfig(text: string, file: string): { config?: ConfigFile; issues: readonly Issue[] } {
  const { parsed, issues } = parseYaml(text, { file, what: 'configuration' })
  if (!parsed) return { issues }
  const found = schemaMistakes(validatorOf('config'), parsed.value)
  const draft = prune<ConfigFile>(parsed.value, found)
  const placed = issuesOf([...found, ...configMistakes(draft)], parsed, {})
  return hasErrors(placed) ? { issues: placed } : { config: parsed.value as ConfigFile, issues: placed }
}

function planMistakes(plan: Draft<PlanFile>, site: SiteFacts): readonly Mistake[] {
  return [
    ...(says(plan, 'destinations') ? [] : [missingDestinations(site)]),
    ...(plan.schedule ? scheduleMistakes(plan.schedule, ['schedule']) : []),
    ...verificationMistakes(plan),
    ...holdMistakes(plan, site),
    ...sourceMistakes(plan),
    ...databasesInFolders(plan),
    ...destinationMistakes(plan, site),
    ...encryptionMistakes(plan, site),
    ...limitMistakes(plan),
  ]
}

function issuesOf(mistakes: readonly Mistake[], parsed: ParsedYaml, defaults: object): readonly Issue[] {
  const issues = mistakes.map(({ path, aspect, ...mistake }) => {
    const top = String(path[0])
    const isInherited = path.length > 0 && !Object.hasOwn(parsed.value, top) && Object.hasOwn(defaults, top)
    const origin = isInherited
      ? { message: `${mistake.message} (It comes from "defaults" of holdfast.yaml.)` }
      : {}
    return parsed.issueAt({ path, aspect }, { ...mistake, ...origin })
  })
  return orderIssues(issues).slice(0, MOST_ISSUES)
}
