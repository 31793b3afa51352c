import { posix } from 'node:path'
import type { FilesSource, VolumeSource } from '../../../schemas/sources.js'
import { bytePathOf, type BytePath } from '../../archive/byte-path.js'

/** Files and folders below some roots: what `files` and `volume` have in common. */
export interface FileTree {
  /** Absolute; members of the archive are named relative to it. */
  readonly base: string
  readonly roots: readonly TreeRoot[]
  readonly exclude: readonly string[]
}

export interface TreeRoot {
  /** Absolute. */
  readonly path: string
  /** Its name in the archive; `.` where it is the base itself. */
  readonly member: BytePath
}

export const filesTree = ({ paths, exclude }: Pick<FilesSource, 'paths' | 'exclude'>): FileTree => ({
  base: '/',
  roots: distinctPaths(paths).map((path) => ({
    path,
    member: path === '/' ? '.' : bytePathOf(path.slice(1)),
  })),
  exclude: exclude ?? [],
})

export const volumeTree = ({ exclude }: Pick<VolumeSource, 'exclude'>, path: string): FileTree => ({
  base: path,
  roots: [{ path, member: '.' }],
  exclude: exclude ?? [],
})

/** Shortest form, sorted, without what lies in another of them: it would be read twice. */
export function distinctPaths(paths: readonly string[]): string[] {
  const sorted = [...new Set(paths.map(shortest))].sort()
  return sorted.filter((path) => !sorted.some((other) => other !== path && isBelow(path, other)))
}

const shortest = (path: string): string => posix.normalize(path).replace(/(.)\/+$/, '$1')

export const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder === '/' ? '/' : `${folder}/`)

/** Of the archive's members, as a person would name them. */
export const shownMember = (tree: FileTree, member: string): string =>
  tree.base === '/' && member !== '.' ? `/${member}` : member
