import { Readable, finished } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../core/errors.js'
import type { CommandOptions } from './driver.js'
import type { Exit, Launch, Process } from './process.js'
import { Tail } from './tail.js'

/** Enough to judge a tool by every line it wrote; what is more is cut at its beginning, visibly. */
const MAX_STDERR_BYTES = 1024 * 1024
/** A background child may keep stderr open long after the command has ended: its last words are not worth more. */
const LAST_WORDS_MS = 1000
/**
 * Pipes deliver at most 64 KiB at a time: a few of them in flight keep both sides busy. Chunks are counted, not bytes: what
 * waits would otherwise be joined, which is a copy of every byte and as much new memory.
 */
const CHUNKS_AHEAD = 4
const MAX_MESSAGE_CHARACTERS = 600

interface Command {
  readonly place: string
  readonly launch: Launch
  readonly argv: readonly string[]
  readonly options: CommandOptions
}

/** Standard output of a command, which ends well only if the command did. See `Shell.stream`. */
export class CommandOutput extends Readable {
  readonly #command: Command
  readonly #stderr: Tail
  readonly #onAbort = () => this.destroy(reasonOf(this.#command.options.signal))
  #process: Process | undefined
  #state: 'running' | 'input-failed' | 'over' = 'running'

  constructor(command: Command) {
    super({ objectMode: true, highWaterMark: CHUNKS_AHEAD })
    this.#command = command
    this.#stderr = new Tail(MAX_STDERR_BYTES)
    const { signal } = command.options
    if (signal.aborted) this.#onAbort()
    else signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** What the command wrote to stderr so far, without the secrets that we gave it. */
  stderrText(): string {
    return withoutSecrets(this.#stderr.text(), this.#command.options.environment ?? {})
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { launch, argv, options } = this.#command
    if (options.signal.aborted) return callback(reasonOf(options.signal))
    launch(argv, options).then(
      (process) => {
        this.#connect(process)
        callback()
      },
      (error: unknown) => callback(error as Error),
    )
  }

  override _read(): void {
    this.#process?.stdout.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#command.options.signal.removeEventListener('abort', this.#onAbort)
    this.#end(error).then(
      () => callback(error),
      (failure: unknown) => callback(error ?? (failure as Error)),
    )
  }

  #connect(process: Process): void {
    this.#process = process
    process.exited.catch(() => undefined)
    process.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) process.stdout.pause()
    })
    process.stdout.on('error', (error) => this.destroy(error))
    process.stdout.on('end', () => {
      this.#conclude(process).catch((error: unknown) => this.destroy(error as Error))
    })
    process.stdout.pause()
    process.stderr.on('data', (chunk: Buffer) => this.#stderr.add(chunk))
    process.stderr.on('error', () => undefined)
    this.#feed(process)
  }

  #feed(process: Process): void {
    const { stdin } = this.#command.options
    // A command that ends without reading all of its input closes the pipe: its exit code says whether that was well.
    process.stdin.on('error', () => undefined)
    if (stdin === undefined || typeof stdin === 'string') {
      process.stdin.end(stdin)
      return
    }
    // Not `pipeline`: it would close the command's input when the source fails, and to psql an end of input means COMMIT.
    stdin.pipe(process.stdin)
    finished(stdin, { writable: false }, (error) => {
      if (!error || this.#state !== 'running') return
      this.#state = 'input-failed'
      this.destroy(error)
    })
  }

  async #conclude(process: Process): Promise<void> {
    const exit = await process.exited
    await Promise.race([ended(process.stderr), delay(LAST_WORDS_MS, undefined, { ref: false })])
    if (this.destroyed) return
    this.#judge(exit)
    this.#state = 'over'
    this.push(null)
  }

  #judge(exit: Exit): void {
    const { argv, place, options } = this.#command
    const stderr = this.stderrText()
    const name = `"${argv[0]}" (${place})`
    if ('endedBy' in exit) {
      throw new HoldfastError('source.failed', `${name} was ended by ${exit.endedBy}${lastWords(stderr)}`, {
        hint: 'Look into the log of the system: SIGKILL often means that memory ran out.',
      })
    }
    if (exit.code === 0) return
    if (options.onExit) return options.onExit({ code: exit.code, stderr })
    throw new HoldfastError('source.failed', `${name} exited with code ${exit.code}${lastWords(stderr)}`)
  }

  /** Nobody may see the end of this stream before the command is gone: it could still be writing to what we clean up. */
  async #end(error: Error | null): Promise<void> {
    const { stdin } = this.#command.options
    const process = this.#process
    const source = typeof stdin === 'string' ? undefined : stdin
    if (process) source?.unpipe(process.stdin)
    if (process && this.#state !== 'over')
      await process.kill(this.#state === 'input-failed' ? 'at-once' : 'ask')
    process?.stdin.destroy()
    process?.stdout.destroy()
    process?.stderr.destroy()
    // Destroying with the error would emit it on a stream that nobody may be listening to any more.
    if (source && !source.destroyed && (error || !source.readableEnded)) source.destroy()
  }
}

const ended = (stream: Readable): Promise<void> =>
  stream.readableEnded || stream.destroyed
    ? Promise.resolve()
    : new Promise((resolve) => stream.once('close', resolve).once('end', resolve))

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error(`The command was cancelled: ${String(reason)}`)
}

function lastWords(stderr: string): string {
  const text = stderr.trim()
  if (text === '') return '.'
  return text.length <= MAX_MESSAGE_CHARACTERS ? `: ${text}` : `: …${text.slice(-MAX_MESSAGE_CHARACTERS)}`
}

const SECRET_NAME = /pass|secret|token|key|credential/i

/** Tools rarely print what they were given in secret; a message must not even then. */
function withoutSecrets(text: string, environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .filter(([name, value]) => SECRET_NAME.test(name) && value.length > 0)
    .reduce((result, [, value]) => result.replaceAll(value, '***'), text)
}
