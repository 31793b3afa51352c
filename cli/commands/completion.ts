import { Args } from '@oclif/core'
import { BaseCommand } from '../base-command.js'
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.js'

export default class Completion extends BaseCommand {
  static override summary =
    'Print what makes a shell complete commands, flags, and names of plans and backups.'
  static override description = `Then Tab knows the plans, destinations, keys, backups, runs and restores of the site whose holdfast.yaml it finds. New shells have it after one of:

- holdfast completion bash > ~/.local/share/bash-completion/completions/holdfast
- holdfast completion zsh > ~/.zfunc/_holdfast (with fpath+=~/.zfunc before compinit in ~/.zshrc)
- holdfast completion fish > ~/.config/fish/completions/holdfast.fish`
  static override examples = ['<%= config.bin %> completion bash']
  static override args = {
    shell: Args.string({ description: 'The shell.', required: true, options: [...SHELLS] }),
  }

  async run(): Promise<{ readonly shell: Shell; readonly script: string }> {
    const { args } = await this.parse(Completion)
    const shell = args.shell as Shell
    const script = SCRIPTS[shell]
    this.print(script.trimEnd())
    return { shell, script }
  }
}
