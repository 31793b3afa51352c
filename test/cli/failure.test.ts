import { Errors } from '@oclif/core'
import { stripVTControlCharacters } from 'node:util'
import { Cancelled } from '../../cli/cancelled.js'
import { bugFailure, expectedFailure } from '../../cli/failure.js'
import { renderFailure } from '../../cli/output/failure.js'
import { errorCatalogue, HoldfastError, type ErrorCode } from '../../core/errors.js'

const HELP = 'See: holdfast plan apply --help'

test.each([
  ['plan.invalid', 2],
  ['plan.not-found', 3],
  ['docker.denied', 4],
  ['lock.taken', 5],
  ['temporal.unreachable', 6],
  ['destination.full', 7],
  ['backup.corrupt', 8],
] as const)('%s ends with exit code %i', (code, exitCode) => {
  expect(expectedFailure(new HoldfastError(code, 'x'), HELP)?.exitCode).toBe(exitCode)
})

test('every error of the catalogue has an exit code from 2 to 8', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const exitCode = expectedFailure(new HoldfastError(code, 'x'), HELP)?.exitCode ?? 0
    expect(exitCode).toBeGreaterThanOrEqual(2)
    expect(exitCode).toBeLessThanOrEqual(8)
  }
})

test('a mistake in a flag is an input error whose hint names the help of the command', () => {
  const thrown = new Errors.CLIError('Nonexistent flag: --foo\nSee more help with --help')

  expect(expectedFailure(thrown, HELP)).toEqual({
    report: { code: 'flag.invalid', kind: 'input', message: 'Nonexistent flag: --foo', hint: HELP },
    exitCode: 2,
  })
})

test('a person who says no, and Ctrl-C at a question, end with 130', () => {
  const prompt = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' })

  expect(expectedFailure(new Cancelled('Nothing was done.'), HELP)?.exitCode).toBe(130)
  expect(expectedFailure(prompt, HELP)?.exitCode).toBe(130)
})

test('what nobody expected is a bug: 70, calm, without a stack, with the place of the details', () => {
  const failure = bugFailure(new TypeError('x is not a function'), '/tmp/holdfast-bug.log')

  expect(expectedFailure(new TypeError('x'), HELP)).toBeUndefined()
  expect(failure.exitCode).toBe(70)
  expect(renderFailure(failure)).toContain('/tmp/holdfast-bug.log')
  expect(renderFailure(failure)).not.toContain('    at ')
})

test('a failure for people names what to do and where to read more', () => {
  const error = new HoldfastError('docker.unreachable', 'Docker does not answer.', { hint: 'Start it.' })

  const text = stripVTControlCharacters(renderFailure(expectedFailure(error, HELP)!))

  expect(text).toBe(
    'error Docker does not answer.\n  Start it.\n  (docker.unreachable; more: holdfast explain-error docker.unreachable)',
  )
})

test('a message from elsewhere cannot steer the terminal', () => {
  const error = new HoldfastError('source.failed', 'tar: \u001b[2Jgone\u202e')

  expect(renderFailure(expectedFailure(error, HELP)!)).toContain('tar: \\x1b[2Jgone\\u202e')
})
