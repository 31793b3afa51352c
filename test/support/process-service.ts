import { execa } from 'execa'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandService } from '../../schemas/services.js'
import { isAlive } from './processes.js'

/** A real process under the `command` runtime: it counts its starts and stops, so that tests can tell one from two. */
export interface ProcessService {
  readonly definition: CommandService
  start(): Promise<void>
  stop(): Promise<void>
  isRunning(): Promise<boolean>
  /** `start` and `stop` lines, oldest first, as the service's commands wrote them. */
  history(): Promise<string[]>
}

export async function makeProcessService(folder: string): Promise<ProcessService> {
  await mkdir(folder, { recursive: true })
  const script = join(folder, 'service.mjs')
  await copyFile(join(import.meta.dirname, '..', '..', 'tools', 'quickstart', 'guestbook.mjs'), script)
  const argv = (verb: string) => [process.execPath, script, verb, folder]
  const run = (verb: string) =>
    execa(process.execPath, argv(verb).slice(1), { reject: false, stdin: 'ignore' })
  return {
    definition: { type: 'command', stop: argv('stop'), start: argv('start'), isRunning: argv('running') },
    start: async () => void (await run('start')),
    stop: async () => void (await run('stop')),
    // What `running` does, without a process for every look.
    isRunning: async () =>
      isAlive(Number(await readFile(join(folder, 'guestbook.pid'), 'utf8').catch(() => '0'))),
    history: async () =>
      (await readFile(join(folder, 'history'), 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== ''),
  }
}
