import fc from 'fast-check'
import { linesOfDigits, readDigits } from '../../../activities/keys/digits.js'
import { renderSheet } from '../../../cli/output/keys.js'

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const lines = linesOfDigits(key)
const sheet = renderSheet({ name: 'main', keyId: '0123456789abcdef', path: '/etc/main.key', digits: lines })
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))

test('a sheet has four lines of four groups, and what proves them', () => {
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^0001 0203 0405 0607 - [0-9a-f]{4}$/)
})

test.each([
  ['the whole sheet, as it is printed', sheet],
  ['the whole sheet, with line ends of another system', sheet.replaceAll('\n', '\r\n')],
  ['its lines', lines.join('\n')],
  ['its lines in capitals, indented', lines.map((line) => `  ${line.toUpperCase()}  `).join('\n')],
  ['its lines without spaces', lines.join('\n').replaceAll(' ', '')],
  ['all in one line', lines.join(' ')],
  ['all in one line without anything between', lines.join('').replaceAll(/[ -]/g, '')],
  ['the digits alone', key.toString('hex')],
  ['lines of an older sheet, which nothing proves', lines.map((line) => line.slice(0, 19)).join('\n')],
])('a key is read from %s', (_, text) => {
  expect(readDigits(text)).toEqual({ key })
})

test('what was printed is read again, whatever the key', () => {
  fc.assert(
    fc.property(keys, fc.constantFrom('\n', ' ', '\r\n\r\n'), (any, between) => {
      expect(readDigits(linesOfDigits(any).join(between))).toEqual({ key: any })
    }),
  )
})

describe.each([0, 1, 2, 3])('a typing error in line %# of a sheet, counted from 0', (line) => {
  const positions = fc.integer({ min: 0, max: 19 })
  const typed = (any: Buffer, change: (digits: string) => string) =>
    linesOfDigits(any).map((text, index) => (index === line ? change(text.replaceAll(/[ -]/g, '')) : text))
  const isFound = (text: string) =>
    expect(readDigits(text).problem).toMatch(new RegExp(`^Line ${line + 1} of 4 has `))

  test('a wrong digit is found, and its line is named', () => {
    const change = fc.integer({ min: 1, max: 15 })
    fc.assert(
      fc.property(keys, positions, change, fc.constantFrom('\n', ' '), (any, at, by, between) => {
        const wrong = (digits: string) => {
          const digit = (Number.parseInt(digits[at] ?? '0', 16) ^ by).toString(16)
          return `${digits.slice(0, at)}${digit}${digits.slice(at + 1)}`
        }
        isFound(typed(any, wrong).join(between))
      }),
    )
  })

  test('two neighbours that changed places are found, and their line is named', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 0, max: 18 }), (any, at) => {
        const swap = (digits: string) =>
          `${digits.slice(0, at)}${digits[at + 1]}${digits[at]}${digits.slice(at + 2)}`
        const before = linesOfDigits(any)[line]?.replaceAll(/[ -]/g, '') ?? ''
        fc.pre(before[at] !== before[at + 1])
        isFound(typed(any, swap).join('\n'))
      }),
    )
  })

  test.each([
    ['a digit that is missing', (digits: string) => digits.slice(1)],
    ['a digit too many', (digits: string) => `${digits}0`],
    ['a letter instead of a digit', (digits: string) => `o${digits.slice(1)}`],
    ['nothing that proves it', (digits: string) => digits.slice(0, 16)],
  ])('%s is found, and its line is named', (_, change) => {
    isFound(typed(key, change).join('\n'))
  })
})

test('lines in another order are found', () => {
  const [first = '', second = '', ...rest] = lines

  expect(readDigits([second, first, ...rest].join('\n')).problem).toMatch(/^Line 1 of 4/)
})

test.each([
  ['nothing', ''],
  ['a password', 'correct horse battery staple'],
  ['a digit short', key.toString('hex').slice(1)],
  ['a digit too long', `${key.toString('hex')}0`],
  ['two lines of a sheet', ['Sheet:', ...lines.slice(0, 2), 'and so on', 'and on'].join('\n')],
  ['a key twice', lines.join('').repeat(2)],
])('%s is no key, and no piece of it is told', (_, text) => {
  const { problem = '' } = readDigits(text)

  expect(problem).not.toBe('')
  for (const word of text.split(/\W+/).filter((piece) => piece.length > 3))
    expect(problem).not.toContain(word)
})
