import { Args, Flags } from '@oclif/core'
import { text } from 'node:stream/consumers'
import type { MadeInToken, RecoverySheet } from '../../../worker/keys-by-hand.js'
import { BaseCommand } from '../../base-command.js'
import { renderMadeInToken, renderSheet } from '../../output/keys.js'
import { siteOf } from '../../site.js'

export default class KeyCreate extends BaseCommand {
  static override summary = 'Make a key that holdfast.yaml describes, and print its recovery sheet.'
  static override description = `Needs neither Temporal nor a worker. Never overwrites a key.

The sheet has the key itself: print it, keep it where the machine is not, and clear the screen. Who loses the key loses the backups; who has it can read them.

A key in a PKCS#11 token is made inside of it, and never leaves it: there is no sheet.`
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

  async run(): Promise<RecoverySheet | MadeInToken> {
    const { args, flags } = await this.parse(KeyCreate)
    const site = await siteOf(flags.config)
    const [{ handTools }, { createKeyByHand, refuseExistingKey }] = await Promise.all([
      import('../../../worker/hand-tools.js'),
      import('../../../worker/keys-by-hand.js'),
    ])
    const options = { environment: process.env, clock: this.clock, onTrouble: () => undefined }
    const { keyWorld } = await handTools(site, options)
    await refuseExistingKey(site, args.name)
    const typed = flags['from-sheet'] ? await this.#sheet() : undefined
    const made = await createKeyByHand({ site, world: keyWorld }, args.name, typed)
    this.print('digits' in made ? renderSheet(made) : renderMadeInToken(made))
    return made
  }

  /** Of a terminal or a pipe: only somebody at a terminal has to be told that he is waited for. */
  async #sheet(): Promise<string> {
    if (this.terminal.isInteractive) this.terminal.write('Type the four lines of the sheet, then Ctrl-D:\n')
    return text(process.stdin)
  }
}
