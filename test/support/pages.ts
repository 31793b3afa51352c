import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

/** A fenced block: what follows the fence is its language, then what it is. */
export interface Block {
  /** As a person finds it: `docs/plans.md:12`. */
  readonly place: string
  /** `yaml plan`, `sh run`, `text`: the whole info string, without what has a `=`. */
  readonly kind: string
  /** `file=…` of the info string: the file that a reader makes of it. */
  readonly file?: string
  /** `exit=…` of the info string: what a script ends with, other than 0. */
  readonly exitCode?: number
  /** `host=each` in the info string: it is typed on every host of the page. */
  readonly isForEachHost: boolean
  readonly text: string
}

export interface Page {
  /** From the root of the project. */
  readonly path: string
  readonly blocks: readonly Block[]
  /** Anchors of the headings, as web pages of repositories give them. */
  readonly anchors: ReadonlySet<string>
  /** Targets of links, with their lines. */
  readonly links: readonly { readonly place: string; readonly target: string }[]
  /** What stands between backticks in the text, with its lines. */
  readonly codes: readonly { readonly place: string; readonly text: string }[]
}

const FENCE = /^( *)```(.*)$/
const LINK = /\]\(([^()\s]+)\)/g
const CODE = /`([^`]+)`/g

/** README, CONTRIBUTING, CHANGELOG, and all pages below docs/. */
export function readPages(): readonly Page[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...below.toSorted()].map(readPage)
}

/** @param path from the root of the project */
export function readPage(path: string): Page {
  const lines = readFileSync(join(root, path), 'utf8').split('\n')
  const { blocks, prose } = separate(path, lines)
  const found = (pattern: RegExp) =>
    prose.flatMap(({ place, text }) =>
      [...text.matchAll(pattern)].map(([, part = '']) => ({ place, text: part })),
    )
  return {
    path: relative(root, join(root, path)),
    blocks,
    anchors: anchorsOf(prose.map(({ text }) => text)),
    links: found(LINK).map(({ place, text }) => ({ place, target: text })),
    codes: found(CODE),
  }
}

interface Line {
  readonly place: string
  readonly text: string
}

/** Blocks, and all that stands between them: paragraphs joined, since code and links may go over the end of a line. */
function separate(path: string, lines: readonly string[]): { blocks: Block[]; prose: Line[] } {
  const blocks: Block[] = []
  const prose: Line[] = []
  let paragraph: Line | undefined
  const endParagraph = () => {
    if (paragraph !== undefined) prose.push(paragraph)
    paragraph = undefined
  }
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? ''
    const place = `${path}:${index + 1}`
    const [, indent, info] = FENCE.exec(text) ?? []
    if (indent !== undefined && info !== undefined) {
      endParagraph()
      const end = lines.findIndex((line, at) => at > index && line.trim() === '```')
      if (end < 0) throw new Error(`${place}: this block does not end.`)
      const inside = lines.slice(index + 1, end).map((line) => line.slice(indent.length))
      blocks.push({ place, ...described(info), text: `${inside.join('\n')}\n` })
      index = end
    } else if (text.trim() === '' || /^(#|\||- |\d+\. )/.test(text.trim())) {
      endParagraph()
      if (text.trim() !== '') paragraph = { place, text }
    } else {
      paragraph = { place: paragraph?.place ?? place, text: [paragraph?.text, text.trim()].join(' ').trim() }
    }
  }
  endParagraph()
  return { blocks, prose }
}

function described(info: string): Omit<Block, 'place' | 'text'> {
  const words = info.trim().split(/\s+/)
  const valueOf = (name: 'file' | 'exit' | 'host') =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const [file, exitCode, host] = [valueOf('file'), valueOf('exit'), valueOf('host')]
  return {
    kind: words.filter((word) => !/^(file|exit|host)=/.test(word)).join(' '),
    isForEachHost: host === 'each',
    ...(file === undefined ? {} : { file }),
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  }
}

function anchorsOf(lines: readonly string[]): ReadonlySet<string> {
  const seen = new Map<string, number>()
  return new Set(
    lines.flatMap((line) => {
      const [, title] = /^#{1,6} (.+)$/.exec(line) ?? []
      if (title === undefined) return []
      const plain = title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '')
      const anchor = plain.trim().replaceAll(' ', '-')
      const count = seen.get(anchor) ?? 0
      seen.set(anchor, count + 1)
      return [count === 0 ? anchor : `${anchor}-${count}`]
    }),
  )
}
