import { execa } from 'execa'
import { readFile, readdir } from 'node:fs/promises'

/** The tar that has a file of the folder open: stopped, it makes a capture hang. */
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
