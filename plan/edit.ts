import { isDeepStrictEqual } from 'node:util'
import { isMap, isScalar, type Document, type Pair, type YAMLMap } from 'yaml'
import { HoldfastError } from '../core/errors.js'
import type { Schedule } from '../schemas/schedule.js'
import { composeYaml } from './compose-yaml.js'

type Fields = Readonly<Record<string, unknown>>

/**
 * The text of a plan with another `schedule.cron`; `every` gives way to it. All else stays byte for byte: comments,
 * order, quotes, line ends. The result is read back before it is returned, so a text that cannot be edited safely is an
 * error (`plan.invalid`), never a broken file.
 * @param inherited the schedule that the plan has from `defaults`: when it gets one of its own, that keeps the zone.
 */
export function setSchedule(text: string, cron: string, inherited: Schedule = {}): string {
  const { document } = composeYaml(text)
  if (!document || document.errors.length > 0 || !isMap(document.contents)) throw unreadable()
  const before = fieldsOf(document)
  if (before === undefined) throw unreadable()
  const wanted = wantedSchedule(before['schedule'] as Fields | null | undefined, cron, inherited)
  const edited = tryEdit(text, document, document.contents, wanted)
  const after = edited === undefined ? undefined : fieldsOf(composeYaml(edited).document)
  if (edited === undefined || !isDeepStrictEqual(after, { ...before, schedule: wanted })) {
    throw new HoldfastError(
      'plan.invalid',
      'The schedule of this plan cannot be edited without rewriting the file.',
      {
        hint: `Write cron: "${cron}" under "schedule" by hand.`,
      },
    )
  }
  return edited
}

/** Undefined where the library refuses to write it: an alias whose anchor would go. */
function tryEdit(...args: Parameters<typeof edit>): string | undefined {
  try {
    return edit(...args)
  } catch {
    return undefined
  }
}

/** Undefined where an alias names no anchor, or too many are nested: only reading the values finds that. */
function fieldsOf(document: Document.Parsed | undefined): Fields | undefined {
  try {
    return document?.toJS() as Fields | undefined
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

const unreadable = () =>
  new HoldfastError('plan.invalid', 'The plan cannot be edited, because it is no valid YAML.', {
    hint: 'See what is wrong with `holdfast plan validate`.',
  })

function wantedSchedule(current: Fields | null | undefined, cron: string, inherited: Schedule): Fields {
  const { every: _, ...rest } = current ?? inherited
  return { ...rest, cron }
}

function edit(text: string, document: Document.Parsed, root: YAMLMap, wanted: Fields): string {
  const pair = pairOf(root, 'schedule')
  if (pair === undefined) return insertSchedule(text, root, wanted)
  const schedule = pair.value
  if (isMap(schedule)) {
    const cron = pairOf(schedule, 'cron')
    const every = pairOf(schedule, 'every')
    const quoted = JSON.stringify(wanted['cron'])
    if (cron) return replaceRange(text, rangeOf(cron.value), quoted)
    if (every) return replaceRange(text, [rangeOf(every.key)[0], rangeOf(every.value)[1]], `cron: ${quoted}`)
    const first = schedule.items[0]
    const separator =
      schedule.flow === true ? ', ' : `${lineBreak(text)}${indentOf(text, rangeOf(first?.key)[0])}`
    if (first)
      return replaceRange(text, [rangeOf(first.key)[0], rangeOf(first.key)[0]], `cron: ${quoted}${separator}`)
  }
  // `schedule:` without anything, or `{}`: the only case that is written anew, by the library, which keeps comments.
  document.set('schedule', document.createNode(wanted))
  return document.toString({ lineWidth: 0 })
}

/** A block of its own before `sources`, where a reader looks for it; after the last entry if there are none. */
function insertSchedule(text: string, root: YAMLMap, wanted: Fields): string {
  const lines = [
    'schedule:',
    ...Object.entries(wanted).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
  ]
  const [before] = [pairOf(root, 'hold') ?? pairOf(root, 'sources') ?? root.items.at(-1)]
  const start = rangeOf(before?.key)[0]
  const newline = lineBreak(text)
  if (root.flow === true) {
    const flow = Object.entries(wanted).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    return replaceRange(text, [start, start], `schedule: { ${flow.join(', ')} }, `)
  }
  const indent = indentOf(text, start)
  return replaceRange(text, [start, start], `${lines.join(newline + indent)}${newline}${indent}`)
}

const pairOf = (map: YAMLMap, name: string): Pair | undefined =>
  map.items.find(({ key }) => isScalar(key) && key.value === name)

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as { range?: readonly [number, number, number] | null } | null | undefined)?.range
  if (!range) throw unreadable()
  return [range[0], range[1]]
}

const replaceRange = (text: string, [start, end]: readonly [number, number], replacement: string): string =>
  text.slice(0, start) + replacement + text.slice(end)

const lineBreak = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n')

/** What stands before a key on its line; it is blank, or the key would not be the first of a block. */
const indentOf = (text: string, offset: number): string =>
  text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).replace(/[^ ]/g, ' ')
