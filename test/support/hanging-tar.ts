import { execa } from 'execa'
import { readFile, readdir } from 'node:fs/promises'
import { until } from './until.js'

/** Makes a capture hang: waits for a tar that reads below the folder, and stops its process. */
export async function hangTar(folder: string, limitMs = 30_000): Promise<number> {
  const pid = await until(`tar reads ${folder}`, () => tarOf(folder), limitMs)
  process.kill(pid, 'SIGSTOP')
  return pid
}

/** The tar that has a file of the folder open. */
async function tarOf(folder: string): Promise<number | undefined> {
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
