import { execa } from 'execa'
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { until } from './until.js'

/** Where the tools of LXC look for the containers of root. */
const FOLDER = '/var/lib/lxc'

/** A container of a shell script, as small as one can be: it counts its starts, and stops by itself when it is asked to. */
export interface LxcContainer {
  readonly name: string
  starts(): Promise<number>
  remove(): Promise<void>
}

/** Makes a running container. `stopSeconds`: what it takes to stop. */
export async function startLxc({ stopSeconds = 0 } = {}): Promise<LxcContainer> {
  const name = `holdfast-test-${randomBytes(4).toString('hex')}`
  const root = join(FOLDER, name, 'rootfs')
  for (const place of ['bin', 'data', 'dev', 'proc', 'sys', 'sbin'])
    await mkdir(join(root, place), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'))
  await writeFile(
    join(root, 'sbin', 'init'),
    `#!/bin/busybox sh
trap 'busybox sleep ${stopSeconds}; exit 0' PWR
echo started >>/data/log
while :; do busybox sleep 0.1 & wait $!; done
`,
  )
  await chmod(join(root, 'sbin', 'init'), 0o755)
  await writeFile(
    join(FOLDER, name, 'config'),
    [
      `lxc.rootfs.path = dir:${root}`,
      `lxc.uts.name = ${name}`,
      'lxc.net.0.type = empty',
      'lxc.apparmor.profile = unconfined',
      'lxc.environment = PATH=/bin',
      '',
    ].join('\n'),
  )
  const log = () => readFile(join(root, 'data', 'log'), 'utf8').catch(() => '')
  const container: LxcContainer = {
    name,
    starts: async () => (await log()).split('started').length - 1,
    remove: async () => {
      await execa('lxc-stop', ['--name', name, '--kill'], { reject: false })
      await rm(join(FOLDER, name), { recursive: true, force: true })
    },
  }
  try {
    await execa('lxc-start', ['--name', name])
    await until('the container has set its trap', async () => (await container.starts()) === 1)
  } catch (error) {
    await container.remove()
    throw error
  }
  return container
}

/** Why containers cannot run here; undefined when they can. */
export async function missingLxc(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'its containers are made by root'
  if ((await execa('lxc-info', ['--version'], { reject: false })).exitCode !== 0)
    return 'lxc is not installed'
  try {
    await (await startLxc()).remove()
    return undefined
  } catch (error) {
    return `its containers do not start here: ${(error as Error).message.split('\n')[0]}`
  }
}
