import { fileURLToPath } from 'node:url'
import { Config, Errors, flush, run } from '@oclif/core'
import { writeBugFile } from './bug-file.js'
import { bugFailure, expectedFailure } from './failure.js'
import { renderFailure } from './output/failure.js'
import { unknownCommand } from './unknown-command.js'

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
      expectedFailure(await withSuggestion(thrown, argv, entry), 'See: holdfast --help') ??
      bugFailure(thrown, await writeBugFile(thrown, argv))
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ error: failure.report }, null, 2)}\n`)
    else process.stderr.write(`${renderFailure(failure)}\n`)
    process.exit(failure.exitCode)
  }
}

/** oclif names an unknown command in its own spelling, and knows no better. */
async function withSuggestion(thrown: unknown, argv: readonly string[], entry: string): Promise<unknown> {
  if (!(thrown instanceof Error) || !/^command .* not found$/s.test(thrown.message)) return thrown
  const { commands } = await Config.load(fileURLToPath(entry))
  const known = commands.map(({ id, flags }) => ({
    words: id.replaceAll(':', ' '),
    flags: Object.keys(flags),
  }))
  return unknownCommand(argv, known)
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
