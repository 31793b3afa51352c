import type { KeyLine, MadeInToken, RecoverySheet } from '../../worker/keys-by-hand.js'
import { renderTable } from './table.js'
import { printable } from './text.js'

/** To be printed on paper: all that is needed to make the key again. */
export function renderSheet({ name, keyId, path, variable, digits }: RecoverySheet): string {
  const place =
    path === undefined
      ? `Set the variable ${variable} of the worker to these lines, or to all of them in one.`
      : `The key was written to ${path}.`
  return [
    `HOLDFAST RECOVERY SHEET: key "${name}", id ${keyId}`,
    digits.map((line) => `    ${line}`).join('\n'),
    'What stands after a dash proves its line: a typing error is found, and the line is named.',
    `${place} Keep this sheet where the machine is not, and let nobody see it:`,
    [
      '  - without this key the backups that are encrypted for it alone are lost, and nobody can help;',
      '  - whoever has it, and reaches the destination, reads all of them.',
    ].join('\n'),
    `To make the key again from this sheet:  holdfast key create ${name} --from-sheet\nIt is the right one when \`holdfast key list\` shows the id ${keyId}.`,
  ].join('\n\n')
}

/** There is nothing to print and to put away: what may go wrong then is said instead. */
export const renderMadeInToken = ({ name, keyId, token, label }: MadeInToken): string =>
  [
    `Key "${name}", id ${keyId}, was made in token "${token}" as "${label}". It never leaves it: there is no recovery sheet.`,
    [
      'Backups that are encrypted for it alone are lost with the token. Let a second key open them, one that has a sheet:',
      `  keys: { recovery: { type: file, path: /etc/holdfast/recovery.key } }      and then: holdfast key create recovery`,
      `  encryption: { keys: [${name}, recovery] }`,
    ].join('\n'),
  ].join('\n\n')

/** Keys in a table; what is wrong with some of them below it. */
export function renderKeys(keys: readonly KeyLine[]): string {
  if (keys.length === 0) return 'No keys: holdfast.yaml has nothing under `keys:`.'
  const table = renderTable<KeyLine>(
    [
      { head: 'NAME', cell: ({ name }) => name },
      { head: 'ID', cell: ({ keyId }) => keyId ?? 'not to be had' },
      { head: 'TYPE', cell: ({ type }) => type },
      { head: 'WHERE', cell: ({ where }) => where },
    ],
    keys,
  )
  const problems = keys.flatMap(({ problem }) => (problem === undefined ? [] : [printable(problem)]))
  return [table, ...problems].join('\n\n')
}
