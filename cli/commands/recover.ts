import { Args, Flags } from '@oclif/core'
import { resolve } from 'node:path'
import type { ListedBackup } from '../../core/copies.js'
import { HoldfastError } from '../../core/errors.js'
import type { Recovered, RecoverRequest } from '../../core/recovery.js'
import type { LocatedBackup } from '../../core/work/catalog.js'
import type { Recovery, RecoverOptions } from '../../worker/recover.js'
import { BaseCommand } from '../base-command.js'
import { renderBackup, renderBackups } from '../output/backups.js'
import { renderRecovered } from '../output/recover.js'
import { printable } from '../output/text.js'
import { localTimezone } from '../output/times.js'
import { destinationOf, keyOf } from '../settings-argument.js'

const many = { multiple: true, multipleNonGreedy: true } as const

export default class Recover extends BaseCommand {
  static override summary =
    'List and restore backups with a destination and a key: no configuration, no Temporal.'
  static override description = `For a new machine, when the old one is gone. Without ID it lists what is there; with ID it shows one backup, and with --to as
well it brings that into a folder. Files and volumes come as trees, each source in a folder of its name; dumps come as files, with
the commands that load them. Every byte is checked before a source gets its name. Nothing is overwritten, and nothing is written to
the destination.

DESTINATION is a folder; or a file with what holdfast.yaml has under a name in \`destinations\`; or the same as one argument.`
  static override examples = [
    '<%= config.bin %> recover /mnt/backups',
    '<%= config.bin %> recover /mnt/backups --key main.key 20261120-013000-shop-7f3a2c --to ./recovered',
    `<%= config.bin %> recover '{ type: s3, bucket: shop-backups, region: eu-central-1, accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_KEY } }'`,
    '<%= config.bin %> recover offsite.yaml --key-variable MAIN_KEY --plan shop',
  ]
  static override args = {
    destination: Args.string({
      description: 'Where backups lie: a folder, a file, or YAML.',
      required: true,
    }),
    id: Args.string({ description: 'Id of a backup; a unique beginning will do.' }),
  }
  static override flags = {
    key: Flags.string({ description: 'File of a key; may be repeated.', helpValue: 'FILE', ...many }),
    'key-variable': Flags.string({
      description:
        'Environment variable with the digits of a key, as its recovery sheet has them; may be repeated.',
      helpValue: 'NAME',
      ...many,
    }),
    'key-settings': Flags.string({
      description:
        'A key as holdfast.yaml has it under `keys`: a file with that, or the same as one argument. For keys in a PKCS#11 token; may be repeated.',
      helpValue: 'SETTINGS',
      ...many,
    }),
    to: Flags.string({ description: 'Bring the backup into this folder.', helpValue: 'FOLDER' }),
    source: Flags.string({ description: 'Only this source; may be repeated.', helpValue: 'NAME', ...many }),
    include: Flags.string({
      description: 'Only files that match; may be repeated.',
      helpValue: 'GLOB',
      ...many,
    }),
    plan: Flags.string({ description: 'List only backups of this plan.', helpValue: 'NAME' }),
    'allow-unauthenticated': Flags.boolean({
      description: 'Also a backup of which nothing proves that it was made with one of the keys.',
    }),
  }

  async run(): Promise<readonly ListedBackup[] | LocatedBackup | Recovered> {
    const { args, flags } = await this.parse(Recover)
    const { id } = args
    const { to } = flags
    if (id === undefined && to !== undefined) throw noBackup()
    const [{ withRecovery }, { hostname }] = await Promise.all([
      import('../../worker/recover.js'),
      import('node:os'),
    ])
    const options: RecoverOptions = {
      ...{ environment: process.env, clock: this.clock, hostname: hostname() },
      onTrouble: (message) => this.#say(message),
      settings: await destinationOf(args.destination),
      ...{ keyFiles: flags.key ?? [], keyVariables: flags['key-variable'] ?? [] },
      keySettings: await Promise.all((flags['key-settings'] ?? []).map(keyOf)),
    }
    return withRecovery<readonly ListedBackup[] | LocatedBackup | Recovered>(options, (recovery) => {
      if (id === undefined) return this.#list(recovery, flags.plan)
      if (to === undefined) return this.#show(recovery, id)
      const onSource = (source: string) => this.#say(`Recovering ${source} …`)
      return this.#recover(recovery, { ...requestOf(id, to, flags), ...(flags.quiet ? {} : { onSource }) })
    })
  }

  async #list(recovery: Recovery, plan: string | undefined): Promise<readonly ListedBackup[]> {
    const { backups, problems } = await recovery.list(plan === undefined ? {} : { plan })
    for (const problem of problems) this.#say(`warning: ${problem}`)
    this.print(renderBackups(backups, localTimezone()))
    return backups
  }

  async #show(recovery: Recovery, id: string): Promise<LocatedBackup> {
    const located = await recovery.find(id)
    this.print(renderBackup(located, localTimezone()))
    return located
  }

  async #recover(recovery: Recovery, request: RecoverRequest): Promise<Recovered> {
    const recovered = await recovery.recover(request)
    this.print(renderRecovered(recovered))
    return recovered
  }

  #say(message: string): void {
    this.terminal.write(`${printable(message)}\n`)
  }
}

function requestOf(
  backupId: string,
  to: string,
  flags: {
    readonly source?: string[] | undefined
    readonly include?: string[] | undefined
    readonly 'allow-unauthenticated': boolean
  },
): RecoverRequest {
  const { source, include } = flags
  return {
    backupId,
    folder: resolve(to),
    ...(source === undefined ? {} : { sources: source }),
    ...(include === undefined ? {} : { include }),
    ...(flags['allow-unauthenticated'] ? { allowUnauthenticated: true } : {}),
  }
}

const noBackup = (): HoldfastError =>
  new HoldfastError('flag.invalid', '`--to` does not say which backup to bring there.', {
    hint: 'Name it after the destination. Without --to and ID, `holdfast recover` lists what there is.',
  })
