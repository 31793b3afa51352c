import { Args, Flags } from '@oclif/core'
import { formatBytes, formatDuration } from '../../../core/units.js'
import type { DestinationTrial } from '../../../core/work/catalog.js'
import { BaseCommand } from '../../base-command.js'
import { renderFields } from '../../output/table.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

export default class DestinationCheck extends BaseCommand {
  static override summary =
    'Try a destination: write an object of 17 MiB, list it, read it back whole and in part, remove it.'
  static override description =
    'The worker of a host does it, with the settings and secrets that a backup would use. The exit code says what kind of trouble there is: see docs/errors.md.'
  static override examples = [
    '<%= config.bin %> destination check offsite',
    '<%= config.bin %> destination check offsite --host nas --json',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'Name of the destination in holdfast.yaml.' }),
  }
  static override flags = {
    host: Flags.string({
      description: 'Host whose worker tries it. Default: this one, unless only plans of others use it.',
      helpValue: 'NAME',
    }),
  }

  async run(): Promise<DestinationTrial> {
    const { args, flags } = await this.parse(DestinationCheck)
    const site = await siteOf(flags.config)
    const { tryDestination } = await import('../../../operations/destinations.js')
    const wanted = { destination: args.name, ...(flags.host === undefined ? {} : { host: flags.host }) }
    const trial = await connected(site, (session) => tryDestination(session, site, wanted))
    this.print(render(trial))
    return trial
  }
}

const render = (trial: DestinationTrial): string =>
  [
    `Destination "${trial.destination}" works from host "${trial.host}".`,
    renderFields([
      ['written', speed(trial.bytes, trial.writeMs)],
      ['read', speed(trial.bytes, trial.readMs)],
      ['free', trial.freeBytes === undefined ? undefined : formatBytes(trial.freeBytes)],
      ['clock', clockInWords(trial.clockDifferenceMs)],
    ]),
  ].join('\n')

const speed = (bytes: number, milliseconds: number): string =>
  `${formatBytes(bytes)} in ${formatDuration(milliseconds)}, ${formatBytes((bytes * 1000) / Math.max(1, milliseconds))}/s`

function clockInWords(differenceMs: number): string {
  if (differenceMs === 0) return 'the same as on the host'
  return `${formatDuration(Math.abs(differenceMs))} ${differenceMs > 0 ? 'ahead of' : 'behind'} the host`
}
