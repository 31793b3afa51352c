import { MarkCommand } from '../../mark-command.js'

export default class BackupAccept extends MarkCommand {
  static override summary =
    'Say that a suspect backup is right: it counts as good, and later ones are compared with it.'
  static override description =
    'A backup is suspect when it is much smaller than the ones before. See `plausibility` of the plan.'
  static override examples = [
    '<%= config.bin %> backup accept 20261120-013000-shop-7f3a2c --because "the old orders were archived"',
  ]

  protected readonly change = 'accept'
  protected readonly said = {
    changed: 'is accepted.',
    unchanged: 'needs no acceptance: it is not suspect, or was accepted already.',
  }
}
