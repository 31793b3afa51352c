import { Command, Flags } from '@oclif/core'
import { writeBugFile } from './bug-file.js'
import { confirmed } from './confirm.js'
import type { exitCodes } from './exit-code.js'
import { bugFailure, expectedFailure } from './failure.js'
import { renderFailure } from './output/failure.js'
import { printable } from './output/text.js'
import { processTerminal, type Terminal } from './terminal.js'

/**
 * What all commands share: the configuration, `--json`, `--quiet`, and how failures end. What `run` returns is what
 * `--json` prints, `print` is for people; nothing else reaches stdout.
 *
 * Command files import heavy modules inside `run`: help and completion load every command.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = {
    config: Flags.string({
      description:
        'The holdfast.yaml to use. Default: $HOLDFAST_CONFIG, then the nearest one upward from here.',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
    }),
    quiet: Flags.boolean({
      char: 'q',
      description: 'Only results and errors, no progress.',
      helpGroup: 'GLOBAL',
    }),
  }

  protected readonly terminal: Terminal = processTerminal()
  protected readonly clock = (): Date => new Date()

  /** Data for people, on stdout; not with `--json`. */
  protected print(text: string): void {
    this.log(text)
  }

  /** What is odd and stops nothing, on stderr. */
  protected warnOf(problem: string): void {
    this.terminal.write(`warning: ${printable(problem)}\n`)
  }

  /** Ends the command with this code although it has a result to print. */
  protected exitWith(code: (typeof exitCodes)[keyof typeof exitCodes]): void {
    process.exitCode = code
  }

  /** See `confirmed`. */
  protected async confirm(question: string, isAnswered: boolean): Promise<void> {
    await confirmed({ question, isAnswered, terminal: this.terminal })
  }

  /** Plain JSON: oclif would colour it. */
  protected override logJson(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  protected override async catch(thrown: unknown): Promise<never> {
    const failure =
      expectedFailure(thrown, `See: holdfast ${(this.id ?? '').replaceAll(':', ' ')} --help`) ??
      bugFailure(thrown, await writeBugFile(thrown, this.argv))
    if (this.jsonEnabled()) this.logJson({ error: failure.report })
    else this.terminal.write(`${renderFailure(failure)}\n`)
    return this.exit(failure.exitCode)
  }
}

/** Answers the question of a destructive command beforehand. */
export const yesFlag = Flags.boolean({ char: 'y', description: 'Do not ask: the answer is yes.' })
