import { describeWith } from '../support/needs.js'
import { startSshd, type SshServer } from '../support/sshd.js'

const SERVERS = {
  sftp: [],
  'sftp without any extension': ['ForceCommand internal-sftp -P hardlink,fsync,statvfs,posix-rename,limits'],
}

/** The same tests on OpenSSH with all that it offers, and with nothing that is not in every server. `server()` is there once tests run. */
export function describeSshServers(tests: (name: string, server: () => SshServer) => void): void {
  describeWith(['sshd'], 'with OpenSSH', () => {
    describe.each(Object.entries(SERVERS))('%s, one server', (name, lines) => {
      let server: SshServer
      beforeAll(async () => (server = await startSshd(lines)))
      afterAll(() => server.stop())

      tests(name, () => server)
    })
  })
}
