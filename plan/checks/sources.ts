import type { PlanFile } from '../../schemas/plan.js'
import type { Source } from '../../schemas/sources.js'
import type { Path } from '../locate.js'
import { errorAt, errorAtKey, warningAt, says, type Draft, type Mistake } from '../mistakes.js'
import { exceptionMistakes } from './globs.js'

/** What a source says that does not fit together, whatever holds it. */
export function sourceMistakes(plan: Draft<PlanFile>): readonly Mistake[] {
  return Object.entries(plan.sources ?? {}).flatMap(([name, source]) => {
    const path = ['sources', name]
    switch (source.type) {
      case 'postgres':
      case 'mysql':
        return serverMistakes(source, path)
      case 'files':
        return [...pathMistakes(source.paths, path), ...excludeMistakes(source.exclude, path)]
      case 'volume':
        return excludeMistakes(source.exclude, path)
      case 'sqlite':
        return pathMistakes(source.paths, path)
    }
  })
}

function serverMistakes(
  source: Draft<Extract<Source, { type: 'postgres' | 'mysql' }>>,
  path: Path,
): readonly Mistake[] {
  const mistakes: Mistake[] = []
  if (!says(source, 'database') && !says(source, 'databases')) {
    mistakes.push(errorAtKey(path, 'names no database.', 'Add "database: NAME", or "databases: all".'))
  }
  if (source.database !== undefined && source.databases !== undefined) {
    mistakes.push(
      errorAtKey(
        [...path, 'databases'],
        'stands beside "database", and only one of them can say what to dump.',
        'Remove one of them.',
      ),
    )
  }
  if (source.in !== undefined && source.connection !== undefined) {
    mistakes.push(
      errorAtKey(
        [...path, 'connection'],
        'stands beside "in", and only one of them can say where the server is.',
        'Inside a container the dump needs no connection: remove one of them.',
      ),
    )
  }
  return mistakes
}

/** `..` would make a path mean something else than what `allow` and people compare. */
function pathMistakes(paths: readonly string[] | undefined, path: Path): readonly Mistake[] {
  return (paths ?? []).flatMap((text, index) =>
    text.split('/').includes('..')
      ? [errorAt([...path, 'paths', index], 'has ".." in it.', 'Write the path that it means.')]
      : [],
  )
}

function excludeMistakes(globs: readonly string[] | undefined, path: Path): readonly Mistake[] {
  const at = [...path, 'exclude']
  const absolute = (globs ?? []).flatMap((glob, index) =>
    // `/cache` is how a name is meant at the top only; what is longer looks like an absolute path.
    /^\/.*[^/]\/+[^/]/.test(glob)
      ? [
          warningAt(
            [...at, index],
            'starts with /, which means the top of each path, not of the disk.',
            'Write what comes after the path: with a slash inside, a glob counts from there anyway.',
          ),
        ]
      : [],
  )
  return [...absolute, ...exceptionMistakes(globs, at)]
}
