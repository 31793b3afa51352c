import { KEY_BYTES } from './derive.js'

/** Lines of a recovery sheet: as much as one can copy by hand without losing the place. */
const LINES = 4
const GROUP = /.{4}/g
/** Hex digits of the key in a line, and those that prove them. */
const KEY_DIGITS = (2 * KEY_BYTES) / LINES
const CHECK_DIGITS = 4

/** Five groups, the last of them after a dash; whatever stands in their places. */
const SHEET_LINE = /^\S{4} \S{4} \S{4} \S{4} - \S{4}$/

/** `0001 0203 0405 0607 - 9f3c`: the digits of the key, and after the dash those that prove their line. */
export function linesOfDigits(key: Buffer): readonly string[] {
  const digits = key.toString('hex')
  return Array.from({ length: LINES }, (_, line) => {
    const own = digits.slice(line * KEY_DIGITS, (line + 1) * KEY_DIGITS)
    return `${own.match(GROUP)?.join(' ')} - ${checkOf(line, own)}`
  })
}

/** A key, or what is wrong with the text: without a piece of it, which is a secret. */
export type ReadDigits = { readonly key: Buffer; readonly problem?: undefined } | { readonly problem: string }

/**
 * A key as people write it: the lines of its recovery sheet, alone or with the whole sheet around them, on four lines or on
 * one; or its 64 digits alone. Capitals, spaces, dashes and line breaks between digits do not count. What proves a line
 * finds every digit that is wrong or missing, two that changed places, and lines in another order, and says in which line.
 */
export function readDigits(text: string): ReadDigits {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const ofSheet = lines.filter((line) => SHEET_LINE.test(line))
  const typed = lines.length === LINES ? lines : ofSheet.length > 0 ? ofSheet : [lines.join('')]
  if (typed.length === LINES) return readLines(typed.map(digitsIn))
  if (typed.length > 1) return { problem: `It has ${typed.length} of the ${LINES} lines of a sheet.` }
  return readRow(digitsIn(typed[0] ?? ''))
}

const digitsIn = (line: string): string => line.toLowerCase().replace(/[\s-]/g, '')

/** All in one line. */
function readRow(row: string): ReadDigits {
  if (row.length === LINES * KEY_DIGITS && isHex(row)) return { key: Buffer.from(row, 'hex') }
  const inLine = KEY_DIGITS + CHECK_DIGITS
  const isSheet = row.length > LINES * KEY_DIGITS + LINES && row.length < (LINES + 1) * inLine
  if (!isSheet) return { problem: `It has ${row.length} characters instead of ${LINES * KEY_DIGITS} digits.` }
  const cut = (line: number) => row.slice(line * inLine, line === LINES - 1 ? undefined : (line + 1) * inLine)
  return readLines(Array.from({ length: LINES }, (_, line) => cut(line)))
}

function readLines(lines: readonly string[]): ReadDigits {
  // Lines may come without what proves them, as older sheets have them; then all do.
  const areProven = lines.some((line) => line.length > KEY_DIGITS)
  for (const [line, digits] of lines.entries()) {
    const why = problemIn(line, digits, areProven ? KEY_DIGITS + CHECK_DIGITS : KEY_DIGITS)
    if (why !== undefined) return { problem: `Line ${line + 1} of ${LINES} ${why}.` }
  }
  return { key: Buffer.from(lines.map((digits) => digits.slice(0, KEY_DIGITS)).join(''), 'hex') }
}

function problemIn(line: number, digits: string, expected: number): string | undefined {
  if (!isHex(digits)) return 'has a character that is no digit (0 to 9, a to f)'
  if (digits.length !== expected) return `has ${digits.length} digits instead of ${expected}`
  const own = digits.slice(0, KEY_DIGITS)
  return expected === KEY_DIGITS || digits.slice(KEY_DIGITS) === checkOf(line, own)
    ? undefined
    : 'has a typing error: its digits do not fit those after its dash'
}

const isHex = (text: string): boolean => /^[0-9a-f]*$/.test(text)

/**
 * CRC-16/CCITT of the number of the line and its digits: finds every error within sixteen bits in a row, and so every
 * wrong digit and every two neighbours that changed places. Not a secret: it stands beside the digits.
 * https://reveng.sourceforge.io/crc-catalogue/16.htm#crc.cat.crc-16-ibm-3740
 */
function checkOf(line: number, digits: string): string {
  let check = 0xffff
  for (const byte of Buffer.concat([Buffer.from([line]), Buffer.from(digits, 'hex')])) {
    check ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      check = (check & 0x8000) === 0 ? check << 1 : ((check << 1) ^ 0x1021) & 0xffff
  }
  return check.toString(16).padStart(CHECK_DIGITS, '0')
}
