import { MarkCommand } from '../../mark-command.js'

export default class BackupUndelete extends MarkCommand {
  static override summary = 'Bring a deleted backup back, and pin it.'
  static override description =
    'Until its quarantine is over: see `backup list --deleted`. It is pinned, so that retention does not delete it again; `backup unpin` ends that.'
  static override examples = ['<%= config.bin %> backup undelete 20261120-013000-shop-7f3a2c']

  protected readonly change = 'undelete'
  protected readonly said = {
    changed: 'is back, and pinned.',
    unchanged: 'is not deleted.',
  }
}
