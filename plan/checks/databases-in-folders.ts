import type { PlanFile } from '../../schemas/plan.js'
import { warningAt, type Draft, type Mistake } from '../mistakes.js'
import { isLeftOut, relativeTo, tidy } from './inside.js'

/** A database that another source copies as one: as a file among others it is read while it may be written to. */
export function databasesInFolders({ sources = {} }: Draft<PlanFile>): readonly Mistake[] {
  const databases = Object.entries(sources).flatMap(([name, source]) =>
    source.type === 'sqlite' ? (source.paths ?? []).map((path) => ({ name, path: tidy(path) })) : [],
  )
  return Object.entries(sources).flatMap(([name, source]) => {
    if (source.type !== 'files') return []
    const { paths = [], exclude = [] } = source
    return paths.flatMap((path, index) =>
      databases.flatMap((database) => {
        const inside = relativeTo(tidy(path), database.path)
        if (inside === undefined || isLeftOut(inside, exclude)) return []
        return [
          warningAt(
            ['sources', name, 'paths', index],
            `holds ${database.path}, which source "${database.name}" copies as a database.`,
            inside === '' ? 'Remove it here.' : `Leave it out here: exclude: ['${inside}', '${inside}-*']`,
          ),
        ]
      }),
    )
  })
}
