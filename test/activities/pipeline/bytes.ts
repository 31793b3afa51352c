import { createCipheriv } from 'node:crypto'

/** Bytes that cannot be compressed, the same every time. */
export const noise = (bytes: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes))

/** Bytes that compress about as well as text, the same every time. */
export function prose(bytes: number): Buffer {
  const random = noise(Math.ceil(bytes / 4) + 8)
  const plain = Buffer.alloc(bytes)
  for (let offset = 0, at = 0; offset < bytes; at++) {
    offset += plain.write(`${WORDS[(random[at] as number) % WORDS.length]} `, offset) || bytes
  }
  return plain
}
const WORDS = Array.from({ length: 251 }, (_, index) => (index * 7919 * 104_729).toString(36))

export async function* pieces(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer, void, undefined> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    yield bytes.subarray(offset, offset + chunkBytes)
  }
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const collected: Buffer[] = []
  for await (const chunk of chunks) collected.push(Buffer.from(chunk))
  return Buffer.concat(collected)
}
