import type { Issue } from './issues.js'
import { parseYaml } from './parse.js'

export interface NamedPlanFile {
  readonly name: string
  readonly file: string
  readonly text: string
}

/** An issue for every plan whose name another file has, too: backups go by the name. */
export function duplicateNames(plans: readonly NamedPlanFile[]): readonly Issue[] {
  const filesOf = new Map<string, string[]>()
  for (const { name, file } of plans) filesOf.set(name, [...(filesOf.get(name) ?? []), file])
  return plans.flatMap(({ name, file, text }) => {
    const others = (filesOf.get(name) ?? []).filter((other) => other !== file)
    if (others.length === 0) return []
    const { parsed } = parseYaml(text, { file, what: 'plan' })
    if (!parsed) return []
    return [
      parsed.issueAt(
        { path: ['plan'], aspect: 'value' },
        {
          severity: 'error',
          message: `${others.join(', ')} has the name "${name}", too.`,
          hint: 'Give each plan a name of its own.',
        },
      ),
    ]
  })
}
