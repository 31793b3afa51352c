import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { startSshAccount } from '../support/sshd.js'
import type { Machine } from './machine.js'
import type { Scene, Stage } from './page-scenes.js'

/** Of 127.0.0.0/8, where nothing else listens at the port of SSH. */
const ADDRESS = '127.0.0.77'
const EXAMPLE_HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpNfVhYpQVPSO7Jt4bRhPpJ0vUR6oqPgzIBfqY4mHbA'
const USB_DISK = '/srv/usb-disk'

const PHOTOS: Readonly<Record<string, string>> = {
  '2025/beach.jpg': 'a picture of a beach',
  '2026/cat.jpg': 'a picture of a cat',
  '2026/may/dog.jpg': 'a picture of a dog',
}

const pathOf = ({ machine }: Stage, name: string): string => machine.path(`/volume1/photos/${name}`)

async function makePhotos(stage: Stage): Promise<void> {
  const others = { '2026/Thumbs.db': 'small pictures', '@eaDir/cat.jpg': 'of the NAS itself' }
  for (const [name, content] of Object.entries({ ...PHOTOS, ...others })) {
    await mkdir(dirname(pathOf(stage, name)), { recursive: true })
    await writeFile(pathOf(stage, name), content)
  }
}

/** An account at `vps.example.org`, its key on the NAS, and what the page says of the server. */
async function rentServer({ machine, ...stage }: Stage): Promise<void> {
  const server = await startSshAccount({ address: ADDRESS, user: 'backup', name: 'backups' })
  stage.afterwards(() => server.stop())
  machine.readerHas(EXAMPLE_HOST_KEY, server.hostKey)
  await copyFile(server.privateKeyFile, machine.path('/etc/holdfast/id_ed25519'))
  await machine.replaceFile('/etc/hosts', `127.0.0.1 localhost\n${ADDRESS} vps.example.org\n`)
}

/** The folder of the page is one of the real system, where others have their programs. Nothing looks at what it was told. */
export async function makeNotify(machine: Machine, folder: string): Promise<void> {
  await writeFile(machine.path(`${folder}/notify`), '#!/bin/sh\ncat >>/srv/alarms.json\n', { mode: 0o755 })
  machine.readerHas('/usr/local/bin/notify', `${folder}/notify`)
}

async function plugIn({ machine }: Stage): Promise<void> {
  await mkdir(machine.path(USB_DISK))
  await mkdir(machine.path('/mnt/usb'))
  await machine.replaceFile('/etc/fstab', `${USB_DISK} /mnt/usb none bind 0 0\n`)
  await machine.output('mount /mnt/usb')
}

/** A NAS with photos, a second volume, a USB disk that can be unplugged, and an account on a server elsewhere. */
export const nasOffsite: Scene = {
  expected: PHOTOS,
  async prepare(stage) {
    await makePhotos(stage)
    await plugIn(stage)
    await rentServer(stage)
    await makeNotify(stage.machine, '/etc/holdfast')
  },
  async damage(stage) {
    await rm(pathOf(stage, '2026/may'), { recursive: true })
    await writeFile(pathOf(stage, '2026/cat.jpg'), 'pay, or never see it again')
  },
  async look(stage) {
    const found = Object.keys(PHOTOS).map(async (name) => [name, await readFile(pathOf(stage, name), 'utf8')])
    return Object.fromEntries(await Promise.all(found)) as Readonly<Record<string, string>>
  },
}
