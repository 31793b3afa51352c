import { dataOf, type RestoreStatus } from './restore-end.js'

/** What lies in one place that a restore replaces, and what lies beside it. */
export interface RestorePlace {
  readonly source: string
  /** A path, or the name of a database. */
  readonly target: string
  /** `either`: the restore came to no end there. */
  readonly holds: 'old' | 'new' | 'either'
  /** The data from before the restore. Left out: it is in its place, or there was none. `isThere` left out: nobody could look. */
  readonly safetyCopy?: { readonly at: string; readonly isThere?: boolean }
  /** Restored data that is not in use, or not all of it. */
  readonly staged?: string
}

export interface RestoreDetails extends RestoreStatus {
  readonly places: readonly RestorePlace[]
  /** What could not be looked at, each in a sentence. */
  readonly problems: readonly string[]
}

/** What was found of one source's safety copies: their names. Undefined: nobody could look. */
export interface Copies {
  /** As the swap wrote it down; left out: it was not completed. */
  readonly kept?: readonly string[]
  readonly present: readonly string[] | undefined
}

/** Where the data of a restore is, as far as its host wrote it down and finds it. `copies` by source. */
export function placesOf(
  { state, items }: Pick<RestoreStatus, 'state' | 'items'>,
  copies: Readonly<Record<string, Copies>>,
): readonly RestorePlace[] {
  const data = dataOf(state)
  return items.flatMap(({ source, moves }) =>
    moves.map(({ target, staged, safety }): RestorePlace => {
      if (data === 'old') return { source, target, holds: 'old', staged }
      const { kept, present } = copies[source] ?? { present: undefined }
      const copy = { at: safety, ...(present === undefined ? {} : { isThere: present.includes(safety) }) }
      if (data === 'between') {
        return {
          source,
          target,
          holds: 'either',
          ...(copy.isThere === false ? {} : { safetyCopy: copy }),
          staged,
        }
      }
      const wasThere = kept === undefined || kept.includes(safety)
      return { source, target, holds: 'new', ...(wasThere ? { safetyCopy: copy } : {}) }
    }),
  )
}
