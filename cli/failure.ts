import { Errors } from '@oclif/core'
import { HoldfastError, reportOf, type ErrorReport } from '../core/errors.js'
import { Cancelled } from './cancelled.js'
import { exitCodes } from './exit-code.js'

/** A failure, as the terminal tells it. */
export interface CommandFailure {
  readonly report: ErrorReport | CancelledReport
  readonly exitCode: number
}

/** Cancelling is no error of the catalogue, yet programs are told in the same shape. */
export interface CancelledReport {
  readonly code: 'cancelled'
  readonly kind: 'cancelled'
  readonly message: string
  readonly hint?: string
}

/**
 * What a command threw, sorted: expected failures by their kind, mistakes in flags as `flag.invalid`, a person's no as
 * cancelled. Undefined: nobody expected it, it is a bug.
 */
export function expectedFailure(thrown: unknown, help: string): CommandFailure | undefined {
  if (thrown instanceof HoldfastError) return { report: reportOf(thrown), exitCode: exitCodes[thrown.kind] }
  if (thrown instanceof Cancelled) return cancelled(thrown.message)
  // Ctrl-C while a question is open.
  if (thrown instanceof Error && thrown.name === 'ExitPromptError') return cancelled('Nothing was done.')
  if (thrown instanceof Errors.CLIError) {
    const error = new HoldfastError('flag.invalid', withoutHelpLine(thrown.message), { hint: help })
    return { report: reportOf(error), exitCode: exitCodes.input }
  }
  return undefined
}

/** A fault of ours, calmly: what happened, and where the details are. */
export function bugFailure(thrown: unknown, detailsFile: string | undefined): CommandFailure {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return {
    report: {
      code: 'bug',
      kind: 'bug',
      message: `Holdfast met something it did not expect: ${message}`,
      hint:
        detailsFile === undefined
          ? 'This is a fault of Holdfast, not yours. Please report it.'
          : `This is a fault of Holdfast, not yours. Details are in ${detailsFile}; please report it.`,
    },
    exitCode: exitCodes.bug,
  }
}

const cancelled = (message: string): CommandFailure => ({
  report: { code: 'cancelled', kind: 'cancelled', message },
  exitCode: exitCodes.cancelled,
})

/** oclif ends its messages with a line of its own about help; our hint says it for this very command. */
const withoutHelpLine = (message: string): string =>
  message.replace(/\n?See more help with --help\s*$/, '').trim()
