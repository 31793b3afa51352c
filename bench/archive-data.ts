import { randomFillSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const SMALL_FILES = 20_000
const FOLDERS = 200
const MAX_SMALL_BYTES = 40_000
const LARGE_BYTES = 32 * 2 ** 20
const TEXT_BYTES = 64 * 2 ** 20

/** Many small files, some large ones; a third of both cannot be compressed, the rest compresses like text. */
export async function makeMixedFiles(folder: string, wantedBytes: number): Promise<number> {
  const random = randomNumbers(1)
  const text = textOf(random)
  const content = (bytes: number, number: number): Buffer => {
    if (number % 3 === 0) return randomFillSync(Buffer.allocUnsafe(bytes))
    const start = Math.floor(random() * (text.length - bytes))
    return text.subarray(start, start + bytes)
  }
  let written = 0
  for (let number = 0; number < SMALL_FILES; number++) {
    const parent = join(folder, 'small', String(number % FOLDERS))
    if (number < FOLDERS) await mkdir(parent, { recursive: true })
    const bytes = content(500 + Math.floor(random() * random() * MAX_SMALL_BYTES), number)
    await writeFile(join(parent, `${number}.dat`), bytes)
    written += bytes.length
  }
  await mkdir(join(folder, 'large'))
  for (let number = 0; written < wantedBytes; number++) {
    const pieces = Array.from({ length: 8 }, () => content(LARGE_BYTES / 8, number))
    await writeFile(join(folder, 'large', `${number}.dat`), Buffer.concat(pieces))
    written += LARGE_BYTES
  }
  return written
}

function textOf(random: () => number): Buffer {
  const words = Array.from({ length: 6000 }, () =>
    Math.floor(random() * 36 ** (2 + random() * 7)).toString(36),
  )
  const text = Buffer.alloc(TEXT_BYTES, ' ')
  for (let offset = 0; offset < TEXT_BYTES;) {
    // Some words are much more common than others, as in any text.
    const word = words[Math.floor(random() * random() * words.length)] ?? ''
    offset += text.write(`${word} `, offset) || TEXT_BYTES
  }
  return text
}

/** The same numbers every time: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}
