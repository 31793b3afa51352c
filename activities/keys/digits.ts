import { KEY_BYTES } from './derive.js'

const DIGITS = new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`)
const GROUP = /.{4}/g
const GROUPS_IN_LINE = 4

/** A key as people write it: spaces, dashes and line breaks between the hex digits do not count. Undefined: it is none. */
export function bytesOfDigits(text: string): Buffer | undefined {
  const digits = text.toLowerCase().replace(/[\s-]/g, '')
  return DIGITS.test(digits) ? Buffer.from(digits, 'hex') : undefined
}

/** Four lines of four groups: as much as one can copy by hand without losing the place. */
export function linesOfDigits(key: Buffer): readonly string[] {
  const groups = key.toString('hex').match(GROUP) ?? []
  return Array.from({ length: groups.length / GROUPS_IN_LINE }, (_, line) =>
    groups.slice(line * GROUPS_IN_LINE, (line + 1) * GROUPS_IN_LINE).join(' '),
  )
}
