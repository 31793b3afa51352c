import { createHostShell } from '../../../activities/services/shell.js'
import { describeShell } from '../../contracts/shell.js'
import { processesWith } from '../../support/processes.js'
import { testWith } from '../../support/needs.js'

const shell = createHostShell(process.env)

describeShell('host', {
  shell: () => shell,
  processesWith: async (words) => processesWith(words).length,
})

test('runs in the folder that is asked for, and says when there is none', async () => {
  const signal = new AbortController().signal

  const { stdout } = await shell.run(['pwd'], { signal, workingFolder: '/usr' })
  const missing = shell.run(['pwd'], { signal, workingFolder: '/no/such/folder' })

  expect(stdout).toBe('/usr\n')
  await expect(missing).rejects.toMatchObject({ code: 'source.not-found' })
})

testWith(['root'], 'runs as another user, without our groups', async () => {
  const { stdout } = await shell.run(['id'], {
    signal: new AbortController().signal,
    user: { uid: 65534, gid: 65534 },
  })

  expect(stdout).toMatch(/^uid=65534\S* gid=65534\S* groups=65534\S*\n$/)
})
