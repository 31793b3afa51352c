import { Transform, pipeline, type Readable, type TransformCallback } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'

export type DumpFormat = 'custom' | 'plain' | 'globals' | 'mysql'

/** The first bytes of pg_dump's own format. */
const CUSTOM_MAGIC = Buffer.from('PGDMP')
const END_MARKS: Record<Exclude<DumpFormat, 'custom'>, RegExp> = {
  // After the mark newer versions of pg_dump write one `\unrestrict` line more.
  plain: /PostgreSQL database dump complete/,
  globals: /PostgreSQL database cluster dump complete/,
  // mysqldump and mariadb-dump: the last line.
  mysql: /\n-- Dump completed[^\n]*\s*$/,
}
const TAIL_BYTES = 1024

/** The same bytes; errors at their end unless they begin or end as a whole dump does. An exit code alone was trusted too often. */
export function wholeDump(body: Readable, format: DumpFormat, what: string): Readable {
  const check = new WholeDump(format, what)
  // The error of either side reaches the reader through `check`.
  pipeline(body, check, () => undefined)
  return check
}

class WholeDump extends Transform {
  readonly #format: DumpFormat
  readonly #what: string
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)

  constructor(format: DumpFormat, what: string) {
    super({ highWaterMark: 256 * 1024 })
    this.#format = format
    this.#what = what
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#head.length < CUSTOM_MAGIC.length) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, CUSTOM_MAGIC.length)])
    }
    if (this.#format !== 'custom') {
      const recent = chunk.length >= TAIL_BYTES ? chunk : Buffer.concat([this.#tail, chunk])
      this.#tail = Buffer.from(recent.subarray(-TAIL_BYTES))
    }
    callback(null, chunk)
  }

  override _flush(callback: TransformCallback): void {
    callback(this.#isWhole() ? null : this.#notWhole())
  }

  #isWhole(): boolean {
    if (this.#format === 'custom') return this.#head.subarray(0, CUSTOM_MAGIC.length).equals(CUSTOM_MAGIC)
    return END_MARKS[this.#format].test(this.#tail.toString('latin1'))
  }

  #notWhole(): HoldfastError {
    const isEmpty = this.#head.length === 0
    const why = isEmpty ? 'is empty' : this.#format === 'custom' ? 'does not begin as one' : 'has no end mark'
    return new HoldfastError(
      'source.failed',
      `The dump of ${this.#what} ${why}, although the tool reported success.`,
      {
        hint: 'Run the dump by hand where the source is read, and see what the tool does there.',
      },
    )
  }
}
