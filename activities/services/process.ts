import type { Readable, Writable } from 'node:stream'
import type { CommandOptions, Shell } from './driver.js'
import { CommandOutput } from './command-output.js'
import { HoldfastError } from '../../core/errors.js'

/** Output of `Shell.run`: short answers of tools. What is longer is a stream. */
const MAX_RUN_BYTES = 8 * 1024 * 1024

/** A command that was started, on the host or in a container. */
export interface Process {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** How it ended. Rejects when that cannot be found out: a lost connection is no exit. */
  readonly exited: Promise<Exit>
  /**
   * Ends it and all that it started: `ask` leaves it a moment to clean up, `at-once` does not. Returns when all are gone,
   * or after a bounded time. Never throws. Standard input stays open meanwhile: its end means "that was all" to some tools.
   */
  kill(how: 'ask' | 'at-once'): Promise<void>
}

export type Exit = { readonly code: number } | { readonly endedBy: string }

export type Launch = (argv: readonly string[], options: CommandOptions) => Promise<Process>

/** Everything that a Shell promises, over any way to start a command. */
export function shellOver(place: string, launch: Launch): Shell {
  const open = (argv: readonly string[], options: CommandOptions) =>
    new CommandOutput({ place, launch, argv, options })
  return {
    place,
    stream: open,
    run: async (argv, options) => {
      const output = open(argv, options)
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of output as AsyncIterable<Buffer>) {
        bytes += chunk.length
        // Leaving the loop destroys the stream, which ends the command.
        if (bytes > MAX_RUN_BYTES) throw printedTooMuch(place, argv)
        chunks.push(chunk)
      }
      return { stdout: Buffer.concat(chunks).toString('utf8'), stderr: output.stderrText() }
    },
  }
}

const printedTooMuch = (place: string, argv: readonly string[]) =>
  new HoldfastError(
    'source.failed',
    `"${argv[0]}" (${place}) printed more than 8 MiB where a short answer was expected.`,
  )
