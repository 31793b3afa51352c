import type { Command } from '@oclif/core'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const commandsFolder = join(import.meta.dirname, '..', 'cli', 'commands')

export interface LoadedCommand {
  /** As it is typed: `backup create`. */
  readonly id: string
  readonly command: Command.Class
}

/** Every command of ours, from its source. */
export async function loadCommands(): Promise<readonly LoadedCommand[]> {
  // Two levels, each a folder of ours: no links to follow.
  const entries = await readdir(commandsFolder, { recursive: true })
  const files = entries.filter((file) => file.endsWith('.ts')).sort()
  const loaded: LoadedCommand[] = []
  // One after another: jest, whose tests use this too, cannot link modules that are imported at the same time.
  for (const file of files) {
    const module = (await import(join(commandsFolder, file))) as { default: Command.Class }
    loaded.push({ id: file.replace(/\.ts$/, '').replaceAll('/', ' '), command: module.default })
  }
  return loaded
}
