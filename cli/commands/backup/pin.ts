import { MarkCommand } from '../../mark-command.js'

export default class BackupPin extends MarkCommand {
  static override summary = 'Keep a backup, whatever the retention of its plan says.'
  static override description =
    'Lasts until `backup unpin`. The reason is shown by `backup show` and `backup cleanup --dry-run`.'
  static override examples = [
    '<%= config.bin %> backup pin 20261120-013000-shop-7f3a2c --because "the audit of 2026"',
  ]

  protected readonly change = 'pin'
  protected readonly said = {
    changed: 'is pinned.',
    unchanged: 'was pinned already.',
  }
}
