import { stripVTControlCharacters } from 'node:util'

/**
 * Text from elsewhere (paths, descriptions, messages of other programs) without what would move the cursor or recolour
 * the terminal: such characters are written as escapes. Line breaks and tabs stay.
 */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped)

/** As `printable`, and on one line: for cells of tables and lines of progress. */
export const oneLine = (text: string): string => printable(text.replace(/\s*[\r\n\t]+\s*/g, ' '))

/**
 * Cut to so many columns, with an ellipsis: a line that wraps would break redrawing in place. A line that is too long
 * loses its colours, since a cut in the middle of one would colour the rest of the screen.
 */
export function clipped(text: string, columns: number): string {
  const characters = [...stripVTControlCharacters(text)]
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`
}

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}
