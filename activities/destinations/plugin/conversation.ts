import { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import type { PluginDestination } from '../../../schemas/plugin-destination.js'
import { ChunkReader } from '../../pipeline/chunk-reader.js'
import type { Secrets } from '../../secrets.js'
import type { Shell } from '../../services/driver.js'
import { BodyFailure } from '../body.js'
import { brokenPlugin, toldFailure, type PluginIdentity } from './failure.js'
import { MAX_LINE_BYTES, PROTOCOL_VERSION, parseReply, type Reply, type Request } from './protocol.js'
import { Silence } from './silence.js'

/** A plugin that has to wait for longer says so (`working`). */
const SILENCE_MS = 10 * 60_000
/** Small enough that a plugin may hold one. */
const MAX_SENT_BYTES = 1024 * 1024

export interface PluginWorld {
  readonly secrets: Pick<Secrets, 'resolve'>
  readonly shell: Shell
}

export interface PluginPlace {
  readonly name: string
  readonly settings: PluginDestination
}

/** One run of a plugin: a request, and what it answers. Must be closed, which ends the process if it still runs. */
export class Conversation {
  readonly #plugin: PluginIdentity
  readonly #signal: AbortSignal
  readonly #silence: Silence
  readonly #output: Readable
  readonly #reader: ChunkReader
  readonly #hasBody: boolean

  private constructor(parts: {
    plugin: PluginIdentity
    signal: AbortSignal
    silence: Silence
    output: Readable
    hasBody: boolean
  }) {
    this.#plugin = parts.plugin
    this.#signal = parts.signal
    this.#silence = parts.silence
    this.#output = parts.output
    this.#hasBody = parts.hasBody
    this.#reader = new ChunkReader(heard(parts.output, parts.silence))
  }

  /** Starts the plugin. `body`: for `put`. */
  static async open(
    { world, place }: { world: PluginWorld; place: PluginPlace },
    { request, body }: { request: Request; body?: AsyncIterable<Buffer> },
    signal: AbortSignal,
  ): Promise<Conversation> {
    const { command, settings = {} } = place.settings
    const secrets = await resolved(place.settings, world.secrets)
    const plugin = { destination: place.name, program: command[0] ?? '', secrets: Object.values(secrets) }
    const silent = new AbortController()
    const silence = new Silence(SILENCE_MS, () =>
      silent.abort(brokenPlugin(plugin, 'said and took nothing for 10 minutes.')),
    )
    const first = `${JSON.stringify({ protocol: PROTOCOL_VERSION, ...request, settings, secrets })}\n`
    const output = world.shell.stream(command, {
      stdin: body ? Readable.from(framed(first, body, silence), { objectMode: false }) : first,
      signal: AbortSignal.any([signal, silent.signal]),
      onExit: ({ code, stderr }) => {
        throw brokenPlugin(plugin, `exited with code ${code}: ${stderr || 'it wrote nothing to stderr.'}`)
      },
    })
    return new Conversation({ plugin, signal, silence, output, hasBody: body !== undefined })
  }

  /** The next line that is not just a sign of life. Fails with what the plugin says that is wrong. */
  async next(): Promise<Exclude<Reply, { is: 'error' | 'working' }>> {
    for (;;) {
      const line = await this.#turn(() => this.#reader.takeLine(MAX_LINE_BYTES))
      if (line === undefined) throw this.broken('ended, or wrote too long a line, before it said "done".')
      const reply = parseReply(line.toString('utf8').trimEnd())
      if (reply === undefined)
        throw this.broken(`wrote a line that is none of the protocol: ${line.toString('utf8')}`)
      if (reply.is === 'error') throw toldFailure(this.#plugin, reply)
      if (reply.is !== 'working') return reply
    }
  }

  async bytes(length: number): Promise<Buffer> {
    const bytes = await this.#turn(() => this.#reader.take(length))
    if (bytes.length < length) throw this.broken('ended in the middle of a chunk.')
    return bytes
  }

  /** What it answers at last; only then nothing more, and the exit code 0. */
  async done(): Promise<Readonly<Record<string, unknown>> | null> {
    const reply = await this.next()
    if (reply.is !== 'done') throw this.broken(`answered with "${reply.is}" instead of "done".`)
    return this.finish(reply.value)
  }

  /** After "done". */
  async finish<T>(value: T): Promise<T> {
    if (!(await this.#turn(() => this.#reader.isAtEnd()))) throw this.broken('wrote more after "done".')
    return value
  }

  broken(what: string): HoldfastError {
    return brokenPlugin(this.#plugin, what)
  }

  /** Ends the plugin when it still runs. May run twice. */
  close(): void {
    this.#silence.rest()
    // Its reason is known already; without a listener an error in ending would end our process.
    this.#output.on('error', () => undefined)
    this.#output.destroy()
  }

  /** While a body is sent, the sending tells whose turn it is. */
  async #turn<T>(wait: () => Promise<T>): Promise<T> {
    try {
      if (!this.#hasBody) this.#silence.expect()
      return await wait()
    } catch (error) {
      throw this.#explained(error)
    } finally {
      if (!this.#hasBody) this.#silence.rest()
    }
  }

  #explained(error: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    if (error instanceof BodyFailure || !(error instanceof HoldfastError)) return error
    return error.code.startsWith('source.') ? this.broken(`did not run: ${error.message}`) : error
  }
}

async function resolved(
  { secrets = {} }: PluginDestination,
  { resolve }: Pick<Secrets, 'resolve'>,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const [name, reference] of Object.entries(secrets)) values[name] = await resolve(reference)
  return values
}

async function* heard(output: AsyncIterable<Buffer>, silence: Silence): AsyncGenerator<Buffer> {
  for await (const chunk of output) {
    silence.heard()
    yield chunk
  }
}

/** The request, then the body in chunks. Only the last line, `0`, says that the body was whole. */
async function* framed(
  first: string,
  body: AsyncIterable<Buffer>,
  silence: Silence,
): AsyncGenerator<Buffer | string> {
  yield first
  for await (const piece of body) {
    for (let offset = 0; offset < piece.length; offset += MAX_SENT_BYTES) {
      const chunk = piece.subarray(offset, offset + MAX_SENT_BYTES)
      silence.expect()
      yield `${chunk.length}\n`
      yield chunk
    }
    silence.rest()
  }
  yield '0\n'
  silence.expect()
}
