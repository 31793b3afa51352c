import type { Issue } from './issues.js'
import type { Path } from './locate.js'
import { parseYaml } from './parse.js'

/** A plan file, or holdfast.yaml with its defaults for all plans. */
export interface KeyNamingFile {
  readonly what: 'plan' | 'configuration'
  readonly file: string
  readonly text: string
}

/** Where files say that backups are encrypted for a key that shall go, each with what to write there. */
export function placesNamingKey(
  files: readonly KeyNamingFile[],
  { from, to }: { readonly from: string; readonly to: string },
): readonly Issue[] {
  return files.flatMap(({ what, file, text }) => {
    const { parsed } = parseYaml(text, { file, what })
    const folder: Path = what === 'plan' ? ['encryption', 'keys'] : ['defaults', 'encryption', 'keys']
    const names = parsed && entryOf(parsed.value, folder)
    if (parsed === undefined || !Array.isArray(names)) return []
    return names.flatMap((name: unknown, index) => {
      if (name !== from) return []
      const hint = names.includes(to) ? `Take it out: "${to}" is there.` : `Write "${to}" instead.`
      const message = `new backups are encrypted for "${from}" here.`
      return [
        parsed.issueAt({ path: [...folder, index], aspect: 'value' }, { severity: 'error', message, hint }),
      ]
    })
  })
}

const entryOf = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (entry, step) =>
      typeof entry === 'object' && entry !== null
        ? (entry as Readonly<Record<string, unknown>>)[step]
        : undefined,
    value,
  )
