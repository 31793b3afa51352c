import { Args, Flags } from '@oclif/core'
import { text } from 'node:stream/consumers'
import type { RecoverySheet } from '../../../worker/keys-by-hand.js'
import { BaseCommand } from '../../base-command.js'
import { renderSheet } from '../../output/keys.js'
import { siteOf } from '../../site.js'

export default class KeyCreate extends BaseCommand {
  static override summary = 'Make a key that holdfast.yaml describes, and print its recovery sheet.'
  static override description = `Needs neither Temporal nor a worker. Never overwrites a key file.

The sheet has the key itself: print it, keep it where the machine is not, and clear the screen. Who loses the key loses the backups; who has it can read them.`
  static override examples = [
    '<%= config.bin %> key create main',
    '<%= config.bin %> key create main --from-sheet < sheet.txt',
  ]
  static override args = {
    name: Args.string({ description: 'Name of the key under `keys:` of holdfast.yaml.', required: true }),
  }
  static override flags = {
    'from-sheet': Flags.boolean({
      description: 'Not a new key, but the one of a recovery sheet: its digits are read from stdin.',
    }),
  }

  async run(): Promise<RecoverySheet> {
    const { args, flags } = await this.parse(KeyCreate)
    const site = await siteOf(flags.config)
    const { createKeyByHand } = await import('../../../worker/keys-by-hand.js')
    const typed = flags['from-sheet'] ? await text(process.stdin) : undefined
    const sheet = await createKeyByHand(site, args.name, typed)
    this.print(renderSheet(sheet))
    return sheet
  }
}
