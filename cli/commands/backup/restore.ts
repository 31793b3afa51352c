import { Flags } from '@oclif/core'
import { resolve } from 'node:path'
import { counted } from '../../../core/units.js'
import type { RestorePreview, RestoreRequest, RestoreResult } from '../../../core/work/restore.js'
import { BaseCommand, yesFlag } from '../../base-command.js'
import { backupArgument, backupNamed, destinationFlag } from '../../find-backup.js'
import { exitCodeOfRestore } from '../../outcome.js'
import { renderPreview, renderRestoreResult } from '../../output/runs.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'
import { progressKind, watchRun } from '../../watch.js'

const many = { multiple: true, multipleNonGreedy: true } as const

export default class BackupRestore extends BaseCommand {
  static override summary = 'Restore a backup: in place, elsewhere, or only a part of it.'
  static override description = `Shows what will be overwritten and which services stop, and asks. In place means replace: the restored data is laid beside the old and verified, then both change places; the old data is kept as a safety copy.

A restore that fails before that leaves everything as it was.`
  static override examples = [
    '<%= config.bin %> backup restore 20261120-013000-shop-7f3a2c --dry-run',
    '<%= config.bin %> backup restore 20261120-013000-shop-7f3a2c --source uploads --to /srv/restore',
    '<%= config.bin %> backup restore 20261120-013000-shop-7f3a2c --include "invoices/2026/**"',
    '<%= config.bin %> backup restore 20261120-013000-shop-7f3a2c --source orders --database orders_check',
  ]
  static override args = { id: backupArgument }
  static override flags = {
    destination: destinationFlag,
    source: Flags.string({ description: 'Only this source; may be repeated.', helpValue: 'NAME', ...many }),
    to: Flags.string({ description: 'Into this folder instead of where it came from.', helpValue: 'FOLDER' }),
    database: Flags.string({
      description:
        'Into a database of this name instead of the one that was dumped. MySQL and MariaDB: one that is not there.',
      helpValue: 'NAME',
    }),
    include: Flags.string({
      description: 'Only files that match, laid over what is there; may be repeated.',
      helpValue: 'GLOB',
      ...many,
    }),
    'dry-run': Flags.boolean({ description: 'Only show what would be overwritten and stopped.' }),
    'verify-first': Flags.boolean({ description: 'Read and check every byte before anything else happens.' }),
    'allow-unauthenticated': Flags.boolean({
      description:
        'Also a backup of which nothing proves that it was made with a key of its plan: one from before the plan was encrypted, or one that somebody put there.',
    }),
    yes: yesFlag,
  }

  async run(): Promise<RestorePreview | RestoreResult> {
    const { args, flags } = await this.parse(BackupRestore)
    const site = await siteOf(flags.config)
    const { planRestore, startRestore } = await import('../../../operations/restores.js')
    return connected(site, async (session) => {
      const backup = await backupNamed(session, args.id, flags.destination)
      const planned = await planRestore(session, backup, requestOf(flags))
      const { preview } = planned
      const text = renderPreview(preview, localTimezone())
      if (flags['dry-run']) {
        this.print(text)
        return preview
      }
      // Before the question, where the one who answers sees it.
      this.terminal.write(`${text}\n\n`)
      await this.confirm(questionOf(preview), flags.yes)
      const run = await startRestore(session, planned)
      const progress = progressKind(this.terminal, flags.quiet)
      const result = await watchRun({ session, terminal: this.terminal, clock: this.clock, progress }, run)
      this.print(renderRestoreResult(result))
      this.exitWith(exitCodeOfRestore(result))
      return result
    })
  }
}

function requestOf(flags: {
  source?: string[] | undefined
  to?: string | undefined
  database?: string | undefined
  include?: string[] | undefined
  'verify-first': boolean
  'allow-unauthenticated': boolean
}): Omit<RestoreRequest, 'reference'> {
  const { source, to, database, include } = flags
  return {
    ...(source === undefined ? {} : { sources: source }),
    // Workers need absolute paths; on another host it is that host's folder.
    ...(to === undefined ? {} : { to: resolve(to) }),
    ...(database === undefined ? {} : { database }),
    ...(include === undefined ? {} : { include }),
    ...(flags['verify-first'] ? { verifyFirst: true } : {}),
    ...(flags['allow-unauthenticated'] ? { allowUnauthenticated: true } : {}),
  }
}

function questionOf({ backupId, items, hold }: RestorePreview): string {
  const stops =
    hold === undefined || hold.services.length === 0 ? '' : `, stopping ${hold.services.join(', ')}`
  return `Restore ${counted(items.length, 'source')} from ${backupId}${stops}?`
}
