import { execa } from 'execa'
import { readFile, readdir } from 'node:fs/promises'

/** The tar that has a file of the folder open: stopping its process makes the capture hang. */
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
