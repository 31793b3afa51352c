import { Readable } from 'node:stream'

/** What a tool restores from, and whether it got all of it. */
export interface Feed {
  readonly stream: Readable
  /** True only after the source ended well, its digest checked with its end. */
  isWhole(): boolean
}

/**
 * Bytes on their way into a tool, the last ones withheld until the source ended well: a tool can end successfully only after
 * every byte was found to be as recorded. `around`: what comes before the first and after the last byte.
 */
export function feedOf(source: Readable, around: { before?: string; after?: string } = {}): Feed {
  let isWhole = false
  async function* fed(): AsyncGenerator<Buffer> {
    if (around.before !== undefined) yield Buffer.from(around.before)
    let withheld: Buffer | undefined
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (withheld !== undefined) yield withheld
      withheld = chunk
    }
    isWhole = true
    if (withheld !== undefined) yield withheld
    if (around.after !== undefined) yield Buffer.from(around.after)
  }
  return { stream: Readable.from(fed(), { objectMode: false }), isWhole: () => isWhole }
}
