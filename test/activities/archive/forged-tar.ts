const BLOCK = 512

export interface ForgedMember {
  readonly name: string
  readonly type?: string
  readonly link?: string
  readonly content?: string
  readonly pax?: Readonly<Record<string, string>>
  /** Bytes written over the header, after its checksum was made. */
  readonly damage?: (header: Buffer) => void
  /** Bytes written over the header, before its checksum is made. */
  readonly change?: (header: Buffer) => void
}

/** An archive as nobody honest writes it. */
export const forgedTar = (members: readonly ForgedMember[]): Buffer =>
  Buffer.concat([...members.map(memberBytes), Buffer.alloc(2 * BLOCK)])

function memberBytes(member: ForgedMember): Buffer {
  const pax = Object.entries(member.pax ?? {}).map(([key, value]) => paxRecord(`${key}=${value}\n`))
  const extended =
    pax.length === 0 ? [] : [header({ name: 'pax', type: 'x' }, pax.join('')), padded(pax.join(''))]
  return Buffer.concat([...extended, header(member, member.content ?? ''), padded(member.content ?? '')])
}

/** The length counts its own digits. */
export function paxRecord(rest: string): string {
  const bytes = Buffer.byteLength(rest, 'latin1') + 1
  const digits = String(bytes + String(bytes).length).length
  return `${bytes + digits} ${rest}`
}

function header({ name, type = '0', link = '', damage, change }: ForgedMember, content: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0, 100, 'latin1')
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(Buffer.byteLength(content, 'latin1'), 124, 12)
  octal(1_700_000_000, 136, 12)
  block.write(type, 156, 'latin1')
  block.write(link, 157, 100, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  change?.(block)
  block.fill(' ', 148, 156)
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  damage?.(block)
  return block
}

function padded(content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1')
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)])
}
