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
  /** The next one that creates or extracts an archive is to hang. */
  hangNext(): Promise<void>
  /** Resolves when it hangs, with its process. */
  hangs(): Promise<number>
  /** Lets the last one go on; it may have been ended with its run. */
  goOn(): void
  kill(): void
}

export async function makeStubbornTar(folder: string): Promise<StubbornTar> {
  const order = join(folder, 'hang')
  const caught = join(folder, 'caught')
  let hanging: number | undefined
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'tar'), script({ order, caught, path: process.env['PATH'] ?? '' }))
  await chmod(join(folder, 'tar'), 0o755)

  function send(signal: NodeJS.Signals): void {
    try {
      if (hanging !== undefined) process.kill(hanging, signal)
    } catch {
      // It has ended.
    }
    hanging = undefined
  }

  return {
    path: `${folder}:${process.env['PATH'] ?? ''}`,
    hangNext: () => writeFile(order, ''),
    async hangs() {
      const pid = await until('a tar hangs', () => readFile(caught, 'latin1').catch(() => ''), 60_000)
      await until('it has stopped', () => isStopped(Number(pid)))
      await rm(caught)
      hanging = Number(pid)
      return hanging
    },
    goOn: () => send('SIGCONT'),
    kill: () => send('SIGKILL'),
  }
}

/** The order is taken by a rename, so that one tar only obeys it. */
const script = ({
  order,
  caught,
  path,
}: {
  order: string
  caught: string
  path: string
}): string => `#!/bin/sh
case " $* " in
*' --create '* | *' --extract '*)
  if mv '${order}' '${caught}.new' 2>/dev/null; then
    echo $$ >'${caught}.new'
    mv '${caught}.new' '${caught}'
    kill -STOP $$
  fi
  ;;
esac
PATH='${path}'
exec tar "$@"
`

const isStopped = async (pid: number): Promise<boolean> =>
  / T /.test(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))
