import { fileURLToPath } from 'node:url'
import { Config, Errors, flush, run } from '@oclif/core'
import { HoldfastError } from '../core/errors.js'
import { didYouMean } from '../core/suggest.js'
import { writeBugFile } from './bug-file.js'
import { bugFailure, expectedFailure } from './failure.js'
import { renderFailure } from './output/failure.js'

/**
 * Runs the command line to its end. What fails outside of any command (an unknown command, a broken installation)
 * ends in the same words, shape and exit codes as what fails inside of one.
 */
export async function runCommandLine(argv: string[], entry: string): Promise<void> {
  endQuietlyWithoutReader()
  goOnUnheard()
  try {
    await run(argv, entry)
    await flush()
  } catch (thrown) {
    // A command has printed its own failure already.
    if (thrown instanceof Errors.ExitError) process.exit(thrown.oclif.exit ?? 1)
    const failure =
      expectedFailure(await withSuggestion(thrown, entry), 'See: holdfast --help') ??
      bugFailure(thrown, await writeBugFile(thrown, argv))
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ error: failure.report }, null, 2)}\n`)
    else process.stderr.write(`${renderFailure(failure)}\n`)
    process.exit(failure.exitCode)
  }
}

/** oclif names an unknown command in its own spelling, and knows no better. */
async function withSuggestion(thrown: unknown, entry: string): Promise<unknown> {
  const id = thrown instanceof Error ? /^command (\S+) not found$/.exec(thrown.message)?.[1] : undefined
  if (id === undefined) return thrown
  const { commandIDs } = await Config.load(fileURLToPath(entry))
  const words = (command: string) => command.replaceAll(':', ' ')
  return new HoldfastError('flag.invalid', `There is no command "${words(id)}".`, {
    hint: didYouMean(words(id), commandIDs.map(words)) ?? 'See: holdfast --help',
  })
}

/** `holdfast backup list | head` closes our stdout early: that is no failure. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

/** Progress and news that cannot be written (a full disk under the agent's log) must not end what they are about. */
function goOnUnheard(): void {
  process.stderr.on('error', () => undefined)
}
