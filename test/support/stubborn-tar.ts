import { readdirSync, rmSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './until.js'

/**
 * A `tar` for PATH that becomes the real one, after it has stopped itself when it was told so: a capture, or a restore, that
 * hangs at a known place, deaf to SIGTERM, and takes no processor time.
 */
export interface StubbornTar {
  /** What PATH must be for whoever calls it. */
  readonly path: string
  /**
   * Does `begin`, and resolves when a tar that creates or extracts an archive hangs. Calls wait for each other: any tar may be
   * the next.
   */
  hang(begin: () => Promise<void>): Promise<HangingTar>
  /** From now on every tar hangs, each as soon as it is called, until `goOn`; resolves with how many do. */
  hangAll(): Promise<() => number>
  /** Lets all that hang go on. */
  goOn(): void
  /** Kills all that hang. */
  kill(): void
}

/** Both may be called again; it may have been ended with its run. */
export interface HangingTar {
  goOn(): void
  kill(): void
}

export async function makeStubbornTar(folder: string): Promise<StubbornTar> {
  const order = join(folder, 'hang')
  const caught = join(folder, 'caught')
  const all = join(folder, 'hang-all')
  const hanging = new Set<number>()
  let isFree: Promise<unknown> = Promise.resolve()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'tar'), script({ order, caught, all, path: process.env['PATH'] ?? '' }))
  await chmod(join(folder, 'tar'), 0o755)

  async function hangs(): Promise<HangingTar> {
    const pid = Number(await until('a tar hangs', () => readFile(caught, 'latin1').catch(() => ''), 120_000))
    await until('it has stopped', () => isStopped(pid))
    await rm(caught)
    hanging.add(pid)
    return { goOn: () => send('SIGCONT', [pid]), kill: () => send('SIGKILL', [pid]) }
  }

  function send(signal: NodeJS.Signals, pids: Iterable<number>): void {
    for (const pid of pids) {
      if (!hanging.delete(pid)) continue
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended.
      }
    }
  }

  return {
    path: `${folder}:${process.env['PATH'] ?? ''}`,
    hang(begin) {
      const hung = isFree.then(async () => {
        await writeFile(order, '')
        await begin()
        return hangs()
      })
      isFree = hung.catch(() => undefined)
      return hung
    },
    async hangAll() {
      await mkdir(all)
      return () => readNames(all).length
    },
    goOn() {
      for (const pid of readNames(all)) hanging.add(Number(pid))
      rmSync(all, { recursive: true, force: true })
      send('SIGCONT', hanging)
    },
    kill: () => send('SIGKILL', hanging),
  }
}

/** The order is taken by a rename, so that one tar only obeys it. */
const script = ({
  order,
  caught,
  all,
  path,
}: {
  order: string
  caught: string
  all: string
  path: string
}): string => `#!/bin/sh
case " $* " in
*' --create '* | *' --extract '*)
  if mv '${order}' '${caught}.new' 2>/dev/null; then
    echo $$ >'${caught}.new'
    mv '${caught}.new' '${caught}'
    kill -STOP $$
  elif touch '${all}/'$$ 2>/dev/null; then
    kill -STOP $$
  fi
  ;;
esac
PATH='${path}'
exec tar "$@"
`

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const isStopped = async (pid: number): Promise<boolean> =>
  / T /.test(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))
