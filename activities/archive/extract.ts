import { PassThrough } from 'node:stream'
import { once } from 'node:events'
import { HoldfastError } from '../../core/errors.js'
import type { Shell } from '../services/driver.js'
import type { BytePath } from './byte-path.js'
import { MemberCheck } from './check.js'
import { TAR_ENVIRONMENT } from './create.js'
import { strange, type TarEntry } from './tar-header.js'
import { TarScanner } from './tar-scanner.js'

const END_OF_ARCHIVE = Buffer.alloc(1024)
const TAR_BUFFER_BYTES = 1024 * 1024

/** A root of the archive and the empty folder that its members go to, under their whole names. */
export interface ExtractRoot {
  readonly member: BytePath
  readonly folder: string
}

export interface Extraction {
  readonly shell: Shell
  readonly roots: readonly ExtractRoot[]
  readonly isWanted: (entry: TarEntry) => boolean
  readonly signal: AbortSignal
}

/**
 * Extracts an archive, each root into a folder of its own. Every header is checked before tar sees it; resolves with the
 * roots that had members, after the stream ended well and tar took all of it. What is left after a failure is the caller's
 * to remove. Fails with `archive.hostile`, `restore.no-space`, `restore.failed` and with the error of the stream.
 */
export async function extract(plain: AsyncIterable<Buffer>, extraction: Extraction): Promise<Set<BytePath>> {
  const scanner = new TarScanner()
  const check = new MemberCheck()
  const seen = new Set<BytePath>()
  let open: { root: ExtractRoot; tar: Extractor } | undefined
  let isWanted = false
  try {
    for await (const chunk of plain) {
      for (const { bytes, entry } of scanner.scan(chunk)) {
        if (entry) {
          check.check(entry)
          const root = rootOf(entry, extraction.roots)
          if (root !== open?.root) {
            if (seen.has(root.member)) throw strange('members of one path in two places')
            await open?.tar.finish()
            open = { root, tar: new Extractor(root.folder, extraction) }
            seen.add(root.member)
          }
          isWanted = extraction.isWanted(entry)
        }
        if (isWanted) await open?.tar.write(bytes)
      }
    }
    if (!scanner.isComplete) throw strange('no end')
    await open?.tar.finish()
    return seen
  } catch (error) {
    await open?.tar.stop(error)
    throw error
  }
}

function rootOf(entry: TarEntry, roots: readonly ExtractRoot[]): ExtractRoot {
  const root = roots.find(({ member }) => isWithin(entry.path, member))
  if (!root) throw strange(`a member outside the paths of its source ("${entry.path}")`)
  // Into another root it would lead to another folder, or to nothing.
  if (entry.type === 'link' && !isWithin(entry.linkTarget ?? '', root.member)) {
    throw strange(`a hard link out of the path that it belongs to ("${entry.path}")`)
  }
  return root
}

export const isWithin = (path: BytePath, root: BytePath): boolean =>
  root === '.' || path === root || path.startsWith(`${root}/`)

/** One `tar --extract`, fed piece by piece. */
class Extractor {
  readonly #input = new PassThrough({ highWaterMark: TAR_BUFFER_BYTES })
  readonly #done: Promise<unknown>
  #failure: Error | undefined

  constructor(folder: string, { shell, signal }: Extraction) {
    // Stopped before the shell listens, an error would be nobody's and end the process; `stop` has it already.
    this.#input.on('error', () => undefined)
    const argv = [
      ...['tar', '--extract', '--file=-', '--acls', '--xattrs', '--xattrs-include=*', '--numeric-owner'],
      ...[
        '--same-permissions',
        '--delay-directory-restore',
        '--quoting-style=escape',
        `--directory=${folder}`,
      ],
    ]
    this.#done = shell
      .run(argv, { stdin: this.#input, signal, environment: TAR_ENVIRONMENT, onExit: explain })
      .catch((error: unknown) => {
        this.#failure = error as Error
        this.#input.destroy()
      })
  }

  async write(bytes: Buffer): Promise<void> {
    this.#requireWell()
    // The bytes are copied: the chunk they lie in may be used again when the next one is asked for.
    if (this.#input.write(Buffer.from(bytes))) return
    await Promise.race([once(this.#input, 'drain'), this.#done])
    this.#requireWell()
  }

  async finish(): Promise<void> {
    await this.write(END_OF_ARCHIVE)
    this.#input.end()
    await this.#done
    this.#requireWell()
  }

  /** Returns when tar is gone: nobody may remove a folder that it still writes to. */
  async stop(reason: unknown): Promise<void> {
    this.#input.destroy(reason as Error)
    await this.#done
  }

  #requireWell(): void {
    if (this.#failure) throw this.#failure
  }
}

function explain({ code, stderr }: { code: number; stderr: string }): never {
  const lines = stderr.trim().split('\n')
  // A file that only in part fitted is reported by the count alone.
  if (/No space left on device|Disk quota exceeded|: Wrote only \d+ of \d+ bytes/.test(stderr)) {
    throw new HoldfastError('restore.no-space', 'The disk became full while files were restored.', {
      hint: 'What was there is untouched. Make room, or restore to another folder with --to.',
    })
  }
  throw new HoldfastError(
    'restore.failed',
    `"tar" could not restore all files (code ${code}): ${lines.slice(0, 5).join(' · ')}`,
    {
      hint: 'What was there is untouched. Owners and devices can be restored by root only.',
    },
  )
}
