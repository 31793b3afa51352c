import { MarkCommand } from '../../mark-command.js'

export default class BackupUnpin extends MarkCommand {
  static override summary = 'Let the retention of its plan decide about a pinned backup again.'
  static override examples = ['<%= config.bin %> backup unpin 20261120-013000-shop-7f3a2c']

  protected readonly change = 'unpin'
  protected readonly said = {
    changed: 'is not pinned any more.',
    unchanged: 'was not pinned.',
  }
}
