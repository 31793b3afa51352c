import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Args } from '@oclif/core'
import { HoldfastError } from '../../core/errors.js'
import { BaseCommand } from '../base-command.js'
import { exitCodes } from '../exit-code.js'
import { parseExplanations, type Explanation } from '../explanations.js'

export default class ExplainError extends BaseCommand {
  static override summary = 'Explain an error code: what it means, what causes it, what to do.'
  static override examples = ['<%= config.bin %> explain-error destination.not-mounted']
  static override args = {
    code: Args.string({ description: 'The code, as the error shows it in parentheses.', required: true }),
  }

  async run(): Promise<Explanation> {
    const { args } = await this.parse(ExplainError)
    const page = await readFile(join(this.config.root, 'docs', 'errors.md'), 'utf8')
    const explanation = parseExplanations(page).get(args.code)
    if (explanation === undefined) {
      throw new HoldfastError('flag.invalid', `There is no error code "${args.code}".`, {
        hint: 'docs/errors.md lists all codes; they look like `plan.not-found`.',
      })
    }
    this.print(
      [
        `${explanation.code} (kind ${explanation.kind}, exit code ${exitCodes[explanation.kind]})`,
        `Meaning: ${explanation.meaning}`,
        `Cause: ${explanation.cause}`,
        `Cure: ${explanation.cure}`,
      ].join('\n\n'),
    )
    return explanation
  }
}
