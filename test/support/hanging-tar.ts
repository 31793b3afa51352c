import { execa } from 'execa'
import { readFile, readdir } from 'node:fs/promises'
import { until } from './until.js'

/** Makes a capture hang where it is, by stopping the process of its tar. */
export interface HangingTar {
  /** Waits until a tar reads the folder, and stops it. */
  hang(): Promise<void>
  /** Lets it go on; does nothing when none hangs. */
  resume(): void
}

export function hangingTar(folder: string): HangingTar {
  let hanging: number | undefined
  return {
    async hang() {
      hanging = await until('tar reads the data', () => tarOf(folder), 30_000)
      process.kill(hanging, 'SIGSTOP')
    },
    resume() {
      goOn(hanging)
      hanging = undefined
    },
  }
}

/** The tar that has a file of the folder open. */
export async function tarOf(folder: string): Promise<number | undefined> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const command = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '')
    if (command.trim() !== 'tar') continue
    const open = await execa('ls', ['-l', `/proc/${name}/fd`], { reject: false })
    if (open.stdout.includes(`${folder}/`)) return Number(name)
  }
  return undefined
}

/** Lets a stopped process go on; it may have been ended with its run. */
export function goOn(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGCONT')
  } catch {
    // Ended.
  }
}
