import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandService } from '../../schemas/services.js'
import { isAlive } from './processes.js'
import { until } from './until.js'

/** A service of a shell script, a pid file and three commands, as people have them; it logs its starts and stops. */
export interface PlainService {
  readonly definition: CommandService
  isRunning(): Promise<boolean>
  lines(): Promise<string[]>
  kill(): Promise<void>
}

export interface Nature {
  readonly stopSeconds?: number
  /** The start command takes this long, before and not after the service runs. */
  readonly startSeconds?: number
}

/** Makes the service in a folder of its own, and starts it. It ends when its folder is removed, whoever started it last. */
export async function startPlainService(folder: string, { stopSeconds = 0, startSeconds = 0 }: Nature = {}) {
  await mkdir(folder, { recursive: true })
  const at = (name: string) => join(folder, name)
  await writeFile(
    at('serve'),
    `echo $$ >${at('pid')}; echo started >>${at('log')}
     trap 'sleep ${stopSeconds}; rm ${at('pid')}; echo stopped >>${at('log')}; exit 0' TERM
     while [ -e ${at('serve')} ]; do sleep 0.05; done`,
  )
  const sh = (script: string) => ['sh', '-c', script]
  const definition: CommandService = {
    type: 'command',
    start: sh(`sleep ${startSeconds}; sh ${at('serve')} & exit 0`),
    stop: sh(`kill $(cat ${at('pid')}); while [ -e ${at('pid')} ]; do sleep 0.05; done`),
    isRunning: sh(`[ -e ${at('pid')} ] && kill -0 $(cat ${at('pid')})`),
  }
  const pid = async () => Number(await readFile(at('pid'), 'utf8').catch(() => '0'))
  const isRunning = async () => isAlive(await pid())
  const service: PlainService = {
    definition,
    isRunning,
    lines: async () =>
      (await readFile(at('log'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    kill: async () => {
      const found = await pid()
      if (isAlive(found)) process.kill(found, 'SIGKILL')
    },
  }
  spawn('sh', [at('serve')], { detached: true, stdio: 'ignore' }).unref()
  await until('the service runs', isRunning)
  return service
}
