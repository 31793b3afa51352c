import ansis from 'ansis'
import Table from 'cli-table3'
import { oneLine } from './text.js'

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

export interface Column<Row> {
  readonly head: string
  readonly align?: 'left' | 'right'
  readonly cell: (row: Row) => string
  /** Colours the finished cell; never changes its text. */
  readonly paint?: (text: string, row: Row) => string
}

/** A table for people: a bold head, two spaces between columns, no lines around. Empty columns are left out. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const filled = columns.filter((column) => rows.some((row) => column.cell(row) !== ''))
  const table = new Table({
    head: filled.map((column) => ansis.bold(column.head)),
    colAligns: filled.map((column) => column.align ?? 'left'),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push(filled.map((column) => paintedCell(column, row)))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function paintedCell<Row>(column: Column<Row>, row: Row): string {
  const text = oneLine(column.cell(row))
  return column.paint === undefined ? text : column.paint(text, row)
}

/** Names and values, one pair a line, names aligned: for what `show` commands print. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const present = fields.filter((field): field is readonly [string, string] => field[1] !== undefined)
  const width = Math.max(0, ...present.map(([name]) => name.length))
  return present
    .map(([name, value]) => `${ansis.bold(name.padEnd(width))}  ${printableValue(value, width)}`)
    .join('\n')
}

const printableValue = (value: string, width: number): string =>
  value
    .split('\n')
    .map(oneLine)
    .join(`\n${' '.repeat(width + 2)}`)
