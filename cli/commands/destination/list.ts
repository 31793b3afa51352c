import type { ListedDestination } from '../../../operations/destinations.js'
import { BaseCommand } from '../../base-command.js'
import { renderTable } from '../../output/table.js'
import { siteOf } from '../../site.js'

export default class DestinationList extends BaseCommand {
  static override summary =
    'List the destinations of this site, and the plans that use them. Asks none of them.'
  static override examples = [
    '<%= config.bin %> destination list',
    '<%= config.bin %> destination list --json',
  ]

  async run(): Promise<readonly ListedDestination[]> {
    const { flags } = await this.parse(DestinationList)
    const site = await siteOf(flags.config)
    const { listDestinations } = await import('../../../operations/destinations.js')
    const destinations = await listDestinations(site)
    this.print(
      destinations.length === 0
        ? `No destinations: add them under "destinations" in ${site.configFile}.`
        : table(destinations),
    )
    return destinations
  }
}

const table = (destinations: readonly ListedDestination[]): string =>
  renderTable<ListedDestination>(
    [
      { head: 'DESTINATION', cell: ({ destination }) => destination },
      { head: 'TYPE', cell: ({ type }) => type },
      { head: 'PLACE', cell: ({ place }) => place },
      { head: 'PLANS', cell: ({ plans }) => plans.join(', ') },
    ],
    destinations,
  )
