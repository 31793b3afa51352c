import { execa } from 'execa'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandService } from '../../schemas/services.js'
import { containerService } from './container-service.js'
import type { DockerForTests } from './docker.js'

/** A service that says how long it was down, by clocks of its own. */
export interface TimedService {
  /** As plans write it. */
  readonly reference: string
  readonly isRunning: () => Promise<boolean>
  /** How often it was started since it was made. */
  readonly starts: () => Promise<number>
  /** From its last end to its last start. */
  readonly downMs: () => Promise<number>
}

/** Sleeping processes, which take no processor time however many they are. Started; `definitions` is for `services:` of holdfast.yaml. */
export async function startSleepers(folder: string, count: number) {
  const sleepers = await Promise.all(
    Array.from({ length: count }, async (_, i) => startSleeper(join(folder, `sleeper-${i}`), `sleeper-${i}`)),
  )
  return {
    services: sleepers.map(({ service }) => service),
    definitions: Object.assign({}, ...sleepers.map(({ definition }) => definition)) as object,
  }
}

async function startSleeper(folder: string, name: string) {
  await mkdir(folder, { recursive: true })
  const [pid, log] = [join(folder, 'pid'), join(folder, 'log')]
  const sh = (script: string) => ['sh', '-c', script]
  const isRunning = sh(`kill -0 "$(cat ${pid})"`)
  const start = sh(`sleep 100000 >/dev/null 2>&1 & echo $! >${pid}; echo start $(date +%s%3N) >>${log}`)
  const stop = sh(`kill "$(cat ${pid})"; echo stop $(date +%s%3N) >>${log}`)
  const times = async (verb: string) =>
    [...(await readFile(log, 'utf8')).matchAll(RegExp(`^${verb} (\\d+)$`, 'gm'))].map(([, ms]) => Number(ms))
  await execa(start[0]!, start.slice(1))
  const definition: CommandService = { type: 'command', start, stop, isRunning }
  const service: TimedService = {
    reference: `command:${name}`,
    isRunning: async () => (await execa(isRunning[0]!, isRunning.slice(1), { reject: false })).exitCode === 0,
    starts: async () => (await times('start')).length - 1,
    downMs: async () => (await times('start')).at(-1)! - (await times('stop')).at(-1)!,
  }
  return { service, definition: { [name]: definition } }
}

export const startContainers = (docker: DockerForTests, count: number): Promise<TimedService[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const made = containerService(docker)
      await made.create()
      await made.start()
      return {
        reference: made.reference,
        isRunning: made.isRunning,
        starts: async () => (await made.starts()) - 1,
        downMs: async () => {
          const { StartedAt, FinishedAt } = (await made.container().inspect()).State
          return Date.parse(StartedAt) - Date.parse(FinishedAt)
        },
      }
    }),
  )
