import { Flags } from '@oclif/core'
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { HoldfastError } from '../../core/errors.js'
import { keyFileFor } from '../../plan/propose/key-file.js'
import { counted } from '../../core/units.js'
import type { Draft } from '../../worker/init/draft.js'
import { BaseCommand, yesFlag } from '../base-command.js'
import { nextCommands, renderDraft, renderNext } from '../output/init.js'
import { localTimezone } from '../output/times.js'

interface Initialized extends Pick<Draft, 'files' | 'plans' | 'leftOut'> {
  readonly folder: string
  readonly isWritten: boolean
  readonly next: readonly string[]
}

const isRoot = (): boolean => process.getuid?.() === 0

export default class Init extends BaseCommand {
  static override summary =
    'Look around on this machine, and write holdfast.yaml and plans for what runs here into this folder.'
  static override description = `Looks at Docker containers, Compose projects and volumes, at PostgreSQL and MySQL or MariaDB in containers and on the host, and
at SQLite files below --look-in with the systemd units that use them. Databases are dumped live, their files are left out;
what services write is read while those stand still. Of environments only names are looked at, never values.

Changes nothing but the new files, and never writes over one. On a terminal it asks; elsewhere it needs --yes or --dry-run.`
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --destination /mnt/nas/backups --look-in /srv --yes',
    '<%= config.bin %> init --dry-run',
  ]
  static override flags = {
    destination: Flags.string({
      description:
        'Folder for the backups, best on another disk. Default: /var/backups/holdfast for root, else ~/holdfast-backups.',
      helpValue: 'PATH',
    }),
    'look-in': Flags.string({
      description: 'Search this folder for SQLite files. May be given several times.',
      helpValue: 'DIR',
      multiple: true,
    }),
    'dry-run': Flags.boolean({ description: 'Print what would be written, and write nothing.' }),
    yes: yesFlag,
  }

  async run(): Promise<Initialized> {
    const { flags } = await this.parse(Init)
    if (flags.config !== undefined)
      throw new HoldfastError(
        'flag.invalid',
        'init reads no holdfast.yaml: it writes one, into the folder that it runs in.',
        {
          hint: 'Leave --config out.',
        },
      )
    const [{ lookAround }, { draftFiles }, { refuseExisting, writeNewFiles }] = await Promise.all([
      import('../../worker/init/look-around.js'),
      import('../../worker/init/draft.js'),
      import('../../worker/init/write-files.js'),
    ])
    const folder = process.cwd()
    const lookIn = (flags['look-in'] ?? []).map((path) => resolve(path))
    const machine = await lookAround({ environment: process.env, user: userInfo().username, lookIn })
    const isAnswered = flags.yes || flags['dry-run']
    const destination = resolve(flags.destination ?? (await this.destination(isAnswered)))
    const keyFile = keyFileFor({ folder, isRoot: isRoot(), homedir: homedir() })
    const draft = draftFiles(machine, { keyFile, destination, timezone: localTimezone() })
    this.print(renderDraft(draft, machine))
    const { files, plans, leftOut } = draft
    const result = { folder, files, plans, leftOut, next: nextCommands(plans) }
    if (flags['dry-run']) {
      for (const { path, text } of files) this.print(`\n# ${path}\n${text.trimEnd()}`)
      return { ...result, isWritten: false }
    }
    await refuseExisting(folder, files)
    await this.confirm(`Write ${counted(files.length, 'file')} into ${folder}?`, flags.yes)
    await writeNewFiles(folder, files)
    this.print(`\n${renderNext(draft, folder)}`)
    return { ...result, isWritten: true }
  }

  private async destination(isAnswered: boolean): Promise<string> {
    const usual = isRoot() ? '/var/backups/holdfast' : join(homedir(), 'holdfast-backups')
    if (isAnswered || !this.terminal.isInteractive) return usual
    return this.terminal.ask('Folder for the backups, best on another disk:', usual)
  }
}
