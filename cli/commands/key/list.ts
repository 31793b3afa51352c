import type { KeyLine } from '../../../worker/keys-by-hand.js'
import { BaseCommand } from '../../base-command.js'
import { exitCodes } from '../../exit-code.js'
import { renderKeys } from '../../output/keys.js'
import { siteOf } from '../../site.js'

export default class KeyList extends BaseCommand {
  static override summary =
    'List the keys of holdfast.yaml with their ids, and say which cannot be used here.'
  static override description =
    'Needs neither Temporal nor a worker. A backup says the ids of the keys that open it. Exit code 1 when a key cannot be used.'
  static override examples = ['<%= config.bin %> key list', '<%= config.bin %> key list --json']

  async run(): Promise<readonly KeyLine[]> {
    const { flags } = await this.parse(KeyList)
    const site = await siteOf(flags.config)
    const [{ handTools }, { listKeysByHand }] = await Promise.all([
      import('../../../worker/hand-tools.js'),
      import('../../../worker/keys-by-hand.js'),
    ])
    const options = { environment: process.env, clock: this.clock, onTrouble: () => undefined }
    const keys = await listKeysByHand(await handTools(site, options))
    this.print(renderKeys(keys))
    if (keys.some(({ problem }) => problem !== undefined)) this.exitWith(exitCodes.found)
    return keys
  }
}
