import { HoldfastError } from '../../core/errors.js'
import type { BytePath } from './byte-path.js'

/** What a member of an archive is; the letters are those of the format. Source: POSIX pax, "ustar Interchange Format". */
export type TarType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'folder' | 'fifo'

export interface TarEntry {
  readonly path: BytePath
  readonly type: TarType
  /** Bytes of the file, holes included. */
  readonly size: number
  /** Bytes in the archive, without the padding. */
  readonly storedSize: number
  /** Seconds since 1970, with as many decimals as were written. */
  readonly mtime: string
  readonly mode: number
  readonly linkTarget?: BytePath
  /** Of its first header in the archive. */
  readonly offset: number
}

export const BLOCK = 512
const TYPES: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'folder',
  '6': 'fifo',
}
/** Records that decide what is written where. A second one in one header could mean one thing to us and another to tar. */
const DECISIVE = ['path', 'linkpath', 'size', 'GNU.sparse.name', 'GNU.sparse.realsize']

export type PaxRecords = ReadonlyMap<string, string>

/** What one header block says before pax records are laid over it. */
export interface BlockFields {
  readonly letter: string
  readonly size: number
}

/** The fields of one header block, before pax records. Fails with `archive.hostile` where it is not what we write. */
export function readBlock(block: Buffer): BlockFields {
  if (!hasTrueChecksum(block)) throw strange('a header with a wrong checksum')
  if (block.toString('latin1', 257, 263) !== 'ustar\0') throw strange('a header that is not POSIX')
  return { letter: String.fromCharCode(block.readUInt8(156)), size: numberIn(block, 124, 12) }
}

/** The member that `block` is the last header of; `fields` are what `readBlock` found in it. */
export function readEntry(
  block: Buffer,
  { letter, size }: BlockFields,
  records: PaxRecords,
  offset: number,
): TarEntry {
  const type = TYPES[letter]
  if (!type) throw strange(`a member of type "${letter}"`)
  const storedSize = type === 'file' ? decimal(records.get('size'), size) : 0
  const name = records.get('GNU.sparse.name') ?? records.get('path') ?? ustarPath(block)
  // To tar it is a folder, as in old formats: what we pass over as its content, tar would read as headers.
  if (type === 'file' && name.endsWith('/')) throw strange(`a file with the name of a folder ("${name}")`)
  const linkTarget = type === 'link' || type === 'symlink' ? linkTargetOf(block, records) : undefined
  return {
    path: withoutSlash(name),
    type,
    size: decimal(records.get('GNU.sparse.realsize'), storedSize),
    storedSize,
    mtime: timeOf(records.get('mtime')) ?? String(numberIn(block, 136, 12)),
    mode: numberIn(block, 100, 8) & 0o7777,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    offset,
  }
}

/** `25 path=a\n` again and again. Fails with `archive.hostile`. */
export function readPaxRecords(bytes: Buffer): PaxRecords {
  const records = new Map<string, string>()
  const text = bytes.toString('latin1')
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(' ', at)
    const lengthText = text.slice(at, space)
    const end = at + Number(lengthText)
    const equals = text.indexOf('=', space)
    const isSound = /^[1-9][0-9]{0,8}$/.test(lengthText) && space < equals && equals < end
    if (!isSound || end > text.length || text[end - 1] !== '\n') throw strange('a pax record that is cut')
    const key = text.slice(space + 1, equals)
    if (records.has(key) && DECISIVE.includes(key)) throw strange(`two pax records "${key}"`)
    records.set(key, text.slice(equals + 1, end - 1))
    at = end
  }
  return records
}

export const strange = (what: string): HoldfastError =>
  new HoldfastError('archive.hostile', `The archive has ${what}: Holdfast does not write that.`, {
    hint: 'Restore from another backup. Who can write to this destination?',
  })

const linkTargetOf = (block: Buffer, records: PaxRecords): string =>
  records.get('linkpath') ?? cString(block, 157, 100)

function ustarPath(block: Buffer): string {
  const prefix = cString(block, 345, 155)
  const name = cString(block, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path)

function cString(block: Buffer, start: number, length: number): string {
  const text = block.toString('latin1', start, start + length)
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** Octal text, or big-endian binary where the first bit is set (a GNU extension for what octal cannot hold). */
function numberIn(block: Buffer, start: number, length: number): number {
  const first = block.readUInt8(start)
  if (first === 0x80) return Number(block.readBigUInt64BE(start + length - 8))
  if (first === 0xff) return Number(block.readBigInt64BE(start + length - 8))
  const text = cString(block, start, length).trim()
  return text === '' ? 0 : checked(Number.parseInt(text, 8))
}

function timeOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^-?[0-9]{1,20}(?:\.[0-9]{0,20})?$/.test(text))
    throw strange('a time that is none')
  return text
}

const decimal = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : checked(/^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN)

function checked(value: number): number {
  if (!Number.isSafeInteger(value)) throw strange('a number that is none')
  return value
}

function hasTrueChecksum(block: Buffer): boolean {
  // The field of the sum itself counts as spaces.
  let sum = 8 * 32
  for (let index = 0; index < 148; index++) sum += block[index] as number
  for (let index = 156; index < BLOCK; index++) sum += block[index] as number
  return sum === numberIn(block, 148, 8)
}
