import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { extract } from 'tar'
import { formatBytes } from '../core/units.js'
import { PINNED_CLI_VERSION } from './cli-version.js'

/** SHA-256 of the release's archives, by `<platform>-<architecture>` of Node. */
const RELEASES: Readonly<Record<string, { readonly name: string; readonly sha256: string }>> = {
  'linux-x64': {
    name: 'linux_amd64',
    sha256: 'd8421bda989e6514b4bdb4d63a9012a8a05a806892e881a5aad8510496349a94',
  },
  'linux-arm64': {
    name: 'linux_arm64',
    sha256: '83600a8fac6e3da54093e5da6918d399f501532b9f1172235603f9606f4ac6e4',
  },
  'darwin-x64': {
    name: 'darwin_amd64',
    sha256: '489d7f5420cae02b559774ac23df035141954c33a51dba96f5759a0ddccdf1b6',
  },
  'darwin-arm64': {
    name: 'darwin_arm64',
    sha256: 'dacdc3587682c04cf27e67c8878ca2d755230b6ad63c0c6ebddd7348ae90ed94',
  },
}

/** A host that is reachable answers sooner; where there is no way out, building must not have to wait for it. */
const ANSWER_WITHIN_MS = 5000
/** 50 MB over a slow line. */
const DOWNLOAD_WITHIN_MS = 10 * 60_000
/** The archive is 50 MB: what is much larger is something else. */
const MAX_BYTES = 300 * 2 ** 20

export interface Release {
  readonly url: string
  readonly sha256: string
}

/** The official release for a platform; undefined where there is none. */
export function officialRelease(platform: string, architecture: string): Release | undefined {
  const release = RELEASES[`${platform}-${architecture}`]
  if (release === undefined) return undefined
  const folder = `https://github.com/temporalio/cli/releases/download/v${PINNED_CLI_VERSION}`
  return {
    url: `${folder}/temporal_cli_${PINNED_CLI_VERSION}_${release.name}.tar.gz`,
    sha256: release.sha256,
  }
}

/**
 * Puts the program of the release at `destination`: complete and with the digest that we pinned, or not at all. Throws an
 * ordinary error that says why not: whoever asked has another way to try.
 */
export async function downloadCli({
  release,
  destination,
  onProgress,
  signal,
}: {
  readonly release: Release
  readonly destination: string
  readonly onProgress: (line: string) => void
  readonly signal: AbortSignal
}): Promise<void> {
  const body = await open(release.url, signal)
  onProgress(`Downloading Temporal's CLI ${PINNED_CLI_VERSION} from ${new URL(release.url).host} …`)
  const scratch = await mkdtemp(join(dirname(destination), '.download-'))
  try {
    const archive = join(scratch, 'cli.tar.gz')
    const { sha256, bytes } = await save(body, archive, signal)
    if (sha256 !== release.sha256) {
      throw new Error(`its SHA-256 is ${sha256}, and must be ${release.sha256}: it was not used`)
    }
    await extract({ file: archive, cwd: scratch, filter: (path) => path === 'temporal' })
    const program = join(scratch, 'temporal')
    await chmod(program, 0o755)
    await rename(program, destination)
    onProgress(`Downloaded Temporal's CLI (${formatBytes(bytes)}).`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function open(url: string, signal: AbortSignal): Promise<ReadableStream> {
  const controller = new AbortController()
  const limit = setTimeout(
    () => controller.abort(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
    ANSWER_WITHIN_MS,
  )
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, controller.signal]) })
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`)
    return response.body
  } finally {
    clearTimeout(limit)
  }
}

async function save(
  body: ReadableStream,
  file: string,
  signal: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      hash.update(chunk)
      done(bytes > MAX_BYTES ? new Error(`it is larger than ${formatBytes(MAX_BYTES)}`) : null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(body), meter, createWriteStream(file, { mode: 0o600 }), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_WITHIN_MS)]),
  })
  return { sha256: hash.digest('hex'), bytes }
}
