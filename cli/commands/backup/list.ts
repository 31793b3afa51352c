import { Flags } from '@oclif/core'
import type { ListedBackup } from '../../../core/copies.js'
import type { BackupFilter } from '../../../core/work/catalog.js'
import { BaseCommand } from '../../base-command.js'
import { parseSince } from '../../instant-flag.js'
import { renderBackups } from '../../output/backups.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class BackupList extends BaseCommand {
  static override summary = 'List backups, oldest first, from the destinations themselves.'
  static override description =
    'A backup that is at several destinations is one line; what is said of it is said of its best copy. What cannot be read (a damaged manifest, a host that does not answer) is named on stderr and hides nothing else.'
  static override examples = [
    '<%= config.bin %> backup list',
    '<%= config.bin %> backup list --plan shop --since 7d',
    '<%= config.bin %> backup list --type postgres --json',
    '<%= config.bin %> backup list --deleted',
  ]
  static override flags = {
    plan: Flags.string({ description: 'Only of this plan.', helpValue: 'NAME' }),
    source: Flags.string({ description: 'Only those that have this source.', helpValue: 'NAME' }),
    type: Flags.string({
      description: 'Only those that have a source of this type.',
      options: ['files', 'volume', 'postgres', 'mysql', 'sqlite'],
    }),
    destination: Flags.string({ description: 'Only what is at this destination.', helpValue: 'NAME' }),
    deleted: Flags.boolean({
      description: 'Those that are deleted and not yet removed: `backup undelete` brings them back.',
    }),
    since: Flags.string({
      description: 'Only taken since: 7d, 2026-11-20, 2026-11-20T01:30Z.',
      helpValue: 'TIME',
    }),
  }

  async run(): Promise<readonly ListedBackup[]> {
    const { flags } = await this.parse(BackupList)
    const { plan, source, type, destination } = flags
    const filter: BackupFilter = {
      ...(plan === undefined ? {} : { plan }),
      ...(source === undefined ? {} : { source }),
      ...(type === undefined ? {} : { type }),
      ...(destination === undefined ? {} : { destination }),
      ...(flags.deleted ? { among: 'deleted' as const } : {}),
      ...(flags.since === undefined ? {} : { since: parseSince(flags.since, this.clock()) }),
    }
    const site = await siteOf(flags.config)
    const [{ listBackups }, { knownHosts }] = await Promise.all([
      import('../../../operations/backups.js'),
      import('../../../operations/plans.js'),
    ])
    const hosts = await knownHosts(site)
    const { backups, problems } = await connected(site, (session) => listBackups(session, hosts, filter))
    for (const problem of problems) this.warnOf(problem)
    this.print(renderBackups(backups, localTimezone()))
    return backups
  }
}
