import { isException } from '../../core/globs.js'
import type { Path } from '../locate.js'
import { errorAt, type Mistake } from '../mistakes.js'

/** Exceptions, as .gitignore has them: nothing here understands them, and a list without them says something else. */
export const exceptionMistakes = (globs: readonly string[] | undefined, path: Path): readonly Mistake[] =>
  (globs ?? []).flatMap((glob, index) =>
    isException(glob)
      ? [
          errorAt(
            [...path, index],
            'starts with !, but globs have no exceptions: each stands for itself.',
            'Remove it. For a name that starts with !, write "\\!".',
          ),
        ]
      : [],
  )
