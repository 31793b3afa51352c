import {
  isAlias,
  isMap,
  isNode,
  visit,
  type Alias,
  type Document,
  type ErrorCode,
  type Node,
  type YAMLError,
} from 'yaml'
import { composeYaml, withoutMark } from './compose-yaml.js'
import { flowMistake, type Explained } from './flow-mistakes.js'
import type { Issue } from './issues.js'
import { locate, pathText, spanAt, type Aspect, type Path } from './locate.js'

/** Anchors are for a few repeated lines; an alias bomb uses them to make gigabytes out of a screenful. */
const MOST_ALIASES = 50
/** The first mistakes of the syntax explain the rest. */
const MOST_SYNTAX_ISSUES = 5

const BEGINNINGS = {
  plan: 'A plan starts with "version: 1".',
  configuration: 'A configuration starts with "version: 1".',
  destination: 'A destination starts with its type, as in "type: s3".',
  key: 'A key starts with its type, as in "type: pkcs11".',
}

/** A text that is one YAML mapping, and where its entries stand. */
export interface ParsedYaml {
  readonly value: Readonly<Record<string, unknown>>
  issueAt(
    at: { path: Path; aspect: Aspect },
    issue: Omit<Issue, 'file' | 'line' | 'column' | 'length' | 'path'>,
  ): Issue
}

/** Never throws. Without `parsed`, at least one of the issues is an error. */
export function parseYaml(
  given: string,
  { file, what }: { file: string; what: keyof typeof BEGINNINGS },
): { parsed?: ParsedYaml; issues: readonly Issue[] } {
  const text = withoutMark(given)
  const refuse = (offset: number, message: string, hint?: string, end = offset + 1): Issue => ({
    file,
    ...spanAt(text, offset, end),
    severity: 'error',
    path: '',
    message,
    ...(hint === undefined ? {} : { hint }),
  })
  const { document, refusal } = composeYaml(text)
  if (!document)
    return { issues: [refuse(refusal?.offset ?? 0, refusal?.message ?? 'the file cannot be parsed.')] }

  const mistakes = [...document.errors, ...document.warnings]
  if (mistakes.length > 0) {
    return {
      issues: explainAll(mistakes, text).map(({ message, hint, offset, end }) =>
        refuse(offset, message, hint, end),
      ),
    }
  }
  const root = document.contents
  if (root === null) return { issues: [refuse(0, 'the file is empty.', BEGINNINGS[what])] }
  if (!isMap(root)) {
    const [start, end] = root.range
    return {
      issues: [refuse(start, `the file is no ${what}: expected keys and values.`, BEGINNINGS[what], end)],
    }
  }
  const alias = aliasMistake(document)
  if (alias !== undefined) return { issues: [refuse(alias.offset, alias.message, alias.hint)] }
  return { parsed: parsedOf(text, file, document), issues: [] }
}

function parsedOf(text: string, file: string, document: Document.Parsed): ParsedYaml {
  return {
    value: document.toJS({ maxAliasCount: -1 }) as Record<string, unknown>,
    issueAt: ({ path, aspect }, issue) => ({
      file,
      ...locate(text, document, path, aspect),
      path: pathText(path),
      ...issue,
    }),
  }
}

/**
 * An alias counts with all aliases inside of what it repeats: the product of what is nested is what an alias bomb is
 * made of. In a document that passes, the value is at most so many times as large as the text.
 */
function aliasMistake(document: Document.Parsed): AliasMistake | undefined {
  const weights = new Map<string, number>()
  let total = 0
  let mistake: AliasMistake | undefined
  visit(document, (_, node, ancestors) => {
    if (isAlias(node)) {
      if (!weights.has(node.source)) {
        mistake = { offset: node.range?.[0] ?? 0, ...EXPLANATIONS.BAD_ALIAS }
        return visit.BREAK
      }
      total += weightOf(node, weights)
      const isCircular = ancestors.some(
        (around) => isNode(around) && 'anchor' in around && around.anchor === node.source,
      )
      if (isCircular || total > MOST_ALIASES) {
        const message = isCircular
          ? 'this alias stands inside of what it repeats.'
          : `has more than ${MOST_ALIASES} aliases.`
        mistake = { offset: node.range?.[0] ?? 0, message, hint: 'Write the values out.' }
        return visit.BREAK
      }
    } else if (isNode(node) && 'anchor' in node && typeof node.anchor === 'string') {
      weights.set(node.anchor, aliasesInside(node, weights))
    }
    return undefined
  })
  return mistake
}

interface AliasMistake {
  readonly offset: number
  readonly message: string
  readonly hint: string
}

const weightOf = ({ source }: Alias, weights: ReadonlyMap<string, number>): number =>
  1 + (weights.get(source) ?? 0)

function aliasesInside(node: Node, weights: ReadonlyMap<string, number>): number {
  let count = 0
  visit(node, { Alias: (_, alias) => void (count += weightOf(alias, weights)) })
  return count
}

/** Up to the first after which nothing that the parser says is of use. */
function explainAll(mistakes: readonly YAMLError[], text: string) {
  const explained: (Explained & { offset: number; end: number })[] = []
  for (const mistake of mistakes.slice(0, MOST_SYNTAX_ISSUES)) {
    const [offset, end] = mistake.pos
    const isAtEnd = offset >= text.trimEnd().length
    const flow = isAtEnd ? TOO_EARLY : flowMistake(mistake, text)
    if (flow?.offset === undefined) explained.push({ ...(flow ?? explain(mistake, text)), offset, end })
    else explained.push({ ...flow, offset: flow.offset, end: flow.offset + 1 })
    if (flow) break
  }
  return explained
}

const TOO_EARLY: Explained = {
  message: 'the file ends too early.',
  hint: 'Close what was opened: quotes, [ or {.',
}

/** The mistakes that people make, in our words; never with a piece of the text, which may be a secret. */
function explain({ code, message }: YAMLError, text: string): Explained {
  const known = (EXPLANATIONS as Partial<Record<ErrorCode, { message: string; hint?: string }>>)[code]
  if (known) return known
  const isPlain = !text.includes(': ') && !text.includes(':\n')
  return isPlain
    ? { message: 'the file is no YAML.' }
    : {
        message: `this is no valid YAML: ${message
          .split(/[:\n]/)[0]
          ?.replace(/\b[*&!].*/, '')
          .slice(0, 80)}.`,
      }
}

const quoteIt = 'Put the text into quotes.'
const EXPLANATIONS = {
  DUPLICATE_KEY: { message: 'this key stands here twice.', hint: 'Keep one of them.' },
  MULTIPLE_DOCS: { message: 'a second document starts here.', hint: 'Put each plan into a file of its own.' },
  TAB_AS_INDENT: { message: 'a tab indents this line.', hint: 'Indent with spaces.' },
  BAD_INDENT: {
    message: 'this line is not indented as its neighbours are.',
    hint: 'Align it with the keys beside it.',
  },
  BAD_ALIAS: {
    message: 'this alias names no anchor.',
    hint: 'A value that starts with * is an alias: put it into quotes.',
  },
  BAD_SCALAR_START: { message: 'a plain text cannot start with this character.', hint: quoteIt },
  BAD_DQ_ESCAPE: {
    message: 'unknown escape in a text in double quotes.',
    hint: 'Use single quotes, or write \\\\ for a backslash.',
  },
  BLOCK_AS_IMPLICIT_KEY: { message: 'a text that holds ": " needs quotes.', hint: quoteIt },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key ends on the line on which it starts.',
    hint: 'Is a ":" missing?',
  },
  NON_STRING_KEY: { message: 'a key must be a text.' },
  TAG_RESOLVE_FAILED: {
    message: 'tags (!…) have no meaning here.',
    hint: 'Remove it, or put the text into quotes.',
  },
  RESOURCE_EXHAUSTION: { message: 'is nested too deeply.' },
} as const satisfies Partial<Record<ErrorCode, { message: string; hint?: string }>>
