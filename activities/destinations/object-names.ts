import { HoldfastError } from '../../core/errors.js'

/** Folders and names that begin with a dot are not ours: `.holdfast-tmp`, `.snapshots`, `..`. */
export const SEGMENT = /^[A-Za-z0-9_%+=@,~-][A-Za-z0-9._%+=@,~-]*$/
/** Deeper than any name of ours; what lies deeper was put there by somebody else. */
export const MAX_DEPTH = 16

/** Whether a store may hold an object of this name for us. */
export function isObjectName(name: string): boolean {
  const segments = name.split('/')
  return segments.length <= MAX_DEPTH && segments.every((segment) => SEGMENT.test(segment))
}

/** Fails with `object.not-found` for a name that would lead elsewhere. */
export function requireObjectName(name: string): void {
  if (isObjectName(name)) return
  throw new HoldfastError('object.not-found', `"${name}" cannot be the name of an object.`)
}
