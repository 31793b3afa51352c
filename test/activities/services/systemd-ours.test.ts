import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { readUnitsListeningAt } from '../../../activities/services/systemd-ours.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const folder = temporaryFolder()
const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
/** Port 7233 is 1C41. */
const socket = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0`

/** A /proc with three processes: 11 listens at port 7233, 12 is connected to it, 13 listens at another port. */
async function proc(cgroup: string): Promise<string> {
  const root = join(folder(), `proc-${Math.random()}`)
  await mkdir(join(root, 'self', 'net'), { recursive: true })
  await writeFile(
    join(root, 'self', 'net', 'tcp'),
    [
      HEAD,
      socket('0100007F:1C41', '0A', 501),
      socket('0100007F:1C41', '01', 502),
      socket('0100007F:1C42', '0A', 503),
    ].join('\n'),
  )
  for (const [pid, inode] of [
    [11, 501],
    [12, 502],
    [13, 503],
  ]) {
    await mkdir(join(root, String(pid), 'fd'), { recursive: true })
    await symlink('/dev/null', join(root, String(pid), 'fd', '0'))
    await symlink(`socket:[${inode}]`, join(root, String(pid), 'fd', '3'))
    await writeFile(
      join(root, String(pid), 'cgroup'),
      pid === 11 ? cgroup : '0::/system.slice/other.service\n',
    )
  }
  return root
}

test.each([
  ['a unit of the system', '0::/system.slice/temporal.service\n', ['temporal.service']],
  [
    'a unit of a session: its own, and that of the session',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/temporal.service\n',
    ['user@1000.service', 'temporal.service'],
  ],
  [
    'an older host, with a hierarchy each',
    '1:name=systemd:/system.slice/temporal.service\n0::/\n',
    ['temporal.service'],
  ],
  ['no unit', '0::/\n', []],
])('what listens at the port is run by %s', async (_, cgroup, units) => {
  expect(await readUnitsListeningAt('localhost:7233', await proc(cgroup))).toEqual(units)
})

test.each(['192.0.2.1:7233', 'no-such-host.invalid:7233', '127.0.0.1:7234'])(
  'nothing of this host listens at %s',
  async (address) => {
    const root = await proc('0::/system.slice/temporal.service\n')
    // Only 7233 is temporal's; what listens at 7234 there is nobody's unit of that name.
    expect(await readUnitsListeningAt(address, root)).not.toContain('temporal.service')
  },
)

test('the tables and open files of this machine are read as they are', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  // Everything of this process but its unit, which no test can choose.
  const root = join(folder(), 'proc-of-this-process')
  await mkdir(join(root, String(process.pid)), { recursive: true })
  await symlink('/proc/self', join(root, 'self'))
  await symlink(`/proc/${process.pid}/fd`, join(root, String(process.pid), 'fd'))
  await writeFile(join(root, String(process.pid), 'cgroup'), '0::/system.slice/temporal.service\n')

  const found = await readUnitsListeningAt(`127.0.0.1:${port}`, root)
  server.close()

  expect(found).toEqual(['temporal.service'])
})
