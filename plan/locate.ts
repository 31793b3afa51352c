import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type Pair,
} from 'yaml'

/** Where in a value: `['hold', 'services', 0]`. */
export type Path = readonly (string | number)[]

export interface Span {
  readonly line: number
  readonly column: number
  readonly length: number
}

/** What of an entry is pointed at. A missing entry is shown at the nearest thing around it that exists. */
export type Aspect = 'key' | 'value'

export const pathText = (path: Path): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const shown = step.length > 60 ? `${step.slice(0, 60)}…` : step
    return text === '' ? shown : `${text}.${shown}`
  }, '')

/** The span of text from one offset to another, as far as the first line goes. Always inside of the text. */
export function spanAt(text: string, from: number, to: number): Span {
  const start = Math.max(0, Math.min(from, text.length))
  const before = text.slice(0, start)
  const lineStart = before.lastIndexOf('\n') + 1
  const nextBreak = text.indexOf('\n', start)
  let lineEnd = nextBreak === -1 ? text.length : nextBreak
  if (text[lineEnd - 1] === '\r' && lineEnd > start) lineEnd--
  let line = 1
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++
  return { line, column: start - lineStart + 1, length: Math.max(1, Math.min(to, lineEnd) - start) }
}

/** The span of an entry of a parsed text. */
export function locate(text: string, document: Document, path: Path, aspect: Aspect): Span {
  const [start, end] = rangeOf(document, path, aspect) ?? firstContent(text)
  return spanAt(text, start, end)
}

type Range = readonly [number, number]

function rangeOf(document: Document, path: Path, aspect: Aspect): Range | undefined {
  let node: Node | null = document.contents
  let key: Node | undefined
  for (const step of path) {
    const collection: Node | undefined = isAlias(node) ? node.resolve(document) : (node ?? undefined)
    const entry = entryOf(collection, step)
    // What is missing, or inside of what is missing, belongs to what is there.
    if (entry === undefined) return bounds(key) ?? firstKey(document.contents)
    if (isPair(entry)) {
      key = entry.key as Node
      node = entry.value as Node | null
    } else {
      node = entry
      key = isBlock(entry) ? key : entry
    }
  }
  if (key === undefined) return firstKey(document.contents)
  // A block of several lines is best shown by its key.
  return aspect === 'key' || node === null || isBlock(node) || isEmpty(node) ? bounds(key) : bounds(node)
}

function entryOf(collection: Node | undefined, step: string | number): Pair | Node | undefined {
  if (isMap(collection)) {
    return collection.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  }
  return isSeq(collection) ? (collection.items[Number(step)] as Node | undefined) : undefined
}

const isBlock = (node: Node): boolean => isCollection(node) && node.flow !== true
const isEmpty = (node: Node): boolean => isScalar(node) && node.range?.[0] === node.range?.[1]

const bounds = (node: Node | null | undefined): Range | undefined =>
  node?.range ? [node.range[0], node.range[1]] : undefined

const firstKey = (root: Node | null): Range | undefined =>
  isMap(root) && root.items[0] ? bounds(root.items[0].key as Node) : bounds(root)

function firstContent(text: string): Range {
  const start = Math.max(0, text.search(/\S/))
  return [start, start + 1]
}
