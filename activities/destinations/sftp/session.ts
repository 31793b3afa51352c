import type { Client, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import type { Socket } from 'node:net'
import { HoldfastError } from '../../../core/errors.js'
import { AbortWatch } from './abort-watch.js'
import { STATUS, SftpFailure, hasStatus, type Filesystem } from './failure.js'

/** A server that answers nothing for so long is taken for dead; on a slow line 256 KiB get through in less. */
const STALL_MS = 60_000
/** Bringing a large file to a slow disk is one request. */
const SYNC_MS = 15 * 60_000
/** `ST_RDONLY` of statvfs@openssh.com. */
const READ_ONLY_FLAG = 1

type Done<T> = (error?: Error | null, value?: T) => void

interface Pending {
  readonly isLong: boolean
  fail(error: Error): void
}

/**
 * One connection with its SFTP channel; several operations may share it. Every call fails with `SftpFailure` where the server
 * refuses, with the signal's reason when that aborts, and with `destination.unavailable` when the connection is lost or
 * the server answers none of the open requests for a minute.
 */
export class SftpSession {
  readonly #client: Client
  readonly #socket: Socket
  readonly #sftp: SFTPWrapper
  readonly #server: string
  readonly #pending = new Set<Pending>()
  readonly #aborts = new AbortWatch()
  #stall: NodeJS.Timeout | undefined
  #lost: HoldfastError | undefined

  constructor(connection: { client: Client; socket: Socket; sftp: SFTPWrapper; server: string }) {
    this.#client = connection.client
    this.#socket = connection.socket
    this.#sftp = connection.sftp
    this.#server = connection.server
    this.#client.on('error', (error) => this.#lose(`was lost: ${error.message}`))
    this.#client.on('close', () => this.#lose('was closed by the server'))
    this.#sftp.on('error', (error: Error) => this.#lose(`broke: ${error.message}`))
    this.#sftp.on('close', () => this.#lose('was closed by the server'))
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Whether our process waits for this connection before it may end. */
  keepProcess(isKept: boolean): void {
    if (isKept) this.#socket.ref()
    else this.#socket.unref()
  }

  /** Whatever is still asked fails. May run twice. */
  close(): void {
    // Says goodbye, as far as the line takes it at once.
    this.#client.end()
    this.#lose('was closed')
  }

  open(path: string, flags: 'r' | 'r+' | 'wx', signal: AbortSignal): Promise<Buffer> {
    return this.#call(signal, (done) => this.#sftp.open(path, flags, { mode: 0o600 }, done))
  }

  closeFile(handle: Buffer, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.close(handle, done))
  }

  write(handle: Buffer, bytes: Buffer, position: number, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.write(handle, bytes, 0, bytes.length, position, done))
  }

  /** May give less than was asked for; nothing at the end of the file. */
  read(
    handle: Buffer,
    { offset, length }: { offset: number; length: number },
    signal: AbortSignal,
  ): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    return this.#call<Buffer>(signal, (done) =>
      this.#sftp.read(handle, buffer, 0, length, offset, (error, bytes) =>
        done(error, buffer.subarray(0, bytes)),
      ),
    )
  }

  statFile(handle: Buffer, signal: AbortSignal): Promise<Stats> {
    return this.#call(signal, (done) => this.#sftp.fstat(handle, done))
  }

  stat(path: string, signal: AbortSignal): Promise<Stats> {
    return this.#call(signal, (done) => this.#sftp.stat(path, done))
  }

  /** Cuts a file to so many bytes, or fills it up with zeros; it counts as changed now, by the server's clock. */
  resize(handle: Buffer, bytes: number, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.fsetstat(handle, { size: bytes }, done))
  }

  /** Brings it to the disk, where the server can; else `SftpFailure` with `UNSUPPORTED`. */
  sync(handle: Buffer, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.ext_openssh_fsync(handle, done), 'long')
  }

  /** A second name for a file; never replaces one. Where the server cannot: `SftpFailure` with `UNSUPPORTED`. */
  link(from: string, to: string, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.ext_openssh_hardlink(from, to, done))
  }

  rename(from: string, to: string, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.rename(from, to, done))
  }

  unlink(path: string, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.unlink(path, done))
  }

  makeFolder(path: string, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.mkdir(path, { mode: 0o700 }, done))
  }

  removeFolder(path: string, signal: AbortSignal): Promise<void> {
    return this.#call(signal, (done) => this.#sftp.rmdir(path, done))
  }

  /** All entries, in the order of the server. */
  async readFolder(path: string, signal: AbortSignal): Promise<FileEntryWithStats[]> {
    const handle = await this.#call<Buffer>(signal, (done) => this.#sftp.opendir(path, done))
    const entries: FileEntryWithStats[] = []
    try {
      for (let some; (some = await this.#readSome(handle, signal));) entries.push(...some)
    } finally {
      await this.closeFile(handle, signal)
    }
    return entries
  }

  async #readSome(folder: Buffer, signal: AbortSignal): Promise<FileEntryWithStats[] | undefined> {
    try {
      return await this.#call<FileEntryWithStats[]>(signal, (done) => this.#sftp.readdir(folder, done))
    } catch (error) {
      if (hasStatus(error, STATUS.END_OF_FILE)) return undefined
      throw error
    }
  }

  /** Undefined where the server cannot tell. */
  async filesystem(path: string, signal: AbortSignal): Promise<Filesystem | undefined> {
    try {
      const { f_bavail, f_frsize, f_flag } = await this.#call<Record<string, number | bigint>>(
        signal,
        (done) => this.#sftp.ext_openssh_statvfs(path, done),
      )
      const isReadOnly = (Number(f_flag) & READ_ONLY_FLAG) !== 0
      return { freeBytes: Number(f_bavail) * Number(f_frsize), isReadOnly }
    } catch (error) {
      if (hasStatus(error, STATUS.UNSUPPORTED)) return undefined
      throw error
    }
  }

  #call<T>(
    signal: AbortSignal,
    request: (done: Done<T>) => void,
    duration: 'short' | 'long' = 'short',
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      if (this.#lost) return reject(this.#lost)
      // After an abort the answer is still awaited: it shows whether the server lives.
      const stopListening = this.#aborts.add(signal, () => reject(signal.reason as Error))
      const pending: Pending = { isLong: duration === 'long', fail: (error) => end(() => reject(error)) }
      const end = (settle: () => void) => {
        if (!this.#pending.delete(pending)) return
        stopListening()
        this.#watch()
        settle()
      }
      this.#pending.add(pending)
      this.#watch()
      try {
        request((error, value) => end(() => (error ? reject(this.#failureOf(error)) : resolve(value as T))))
      } catch (error) {
        pending.fail(new SftpFailure(STATUS.UNSUPPORTED, (error as Error).message))
      }
    })
  }

  /** An error without a status is no answer: the channel was closed under the request. */
  #failureOf(error: Error & { code?: unknown }): Error {
    if (typeof error.code === 'number') return new SftpFailure(error.code, error.message)
    return this.#lose(`was lost: ${error.message}`)
  }

  /** Starts to wait anew: there was an answer, or something new to wait for. */
  #watch(): void {
    clearTimeout(this.#stall)
    if (this.#pending.size === 0) return
    const isLong = [...this.#pending].some((pending) => pending.isLong)
    this.#stall = setTimeout(() => this.#lose('stalled: no answer'), isLong ? SYNC_MS : STALL_MS)
    this.#stall.unref()
  }

  #lose(how: string): HoldfastError {
    if (this.#lost) return this.#lost
    const lost = new HoldfastError('destination.unavailable', `The connection to ${this.#server} ${how}.`, {
      hint: 'Check the network and the server; the run tries again by itself.',
    })
    this.#lost = lost
    for (const pending of [...this.#pending]) pending.fail(lost)
    clearTimeout(this.#stall)
    this.#socket.destroy()
    return lost
  }
}
