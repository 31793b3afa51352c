import { lxcDriver } from '../../../activities/services/lxc.js'
import { createHostShell } from '../../../activities/services/shell.js'
import { describeServiceDriver } from '../../contracts/service.js'
import { startLxc, type LxcContainer } from '../../support/lxc.js'
import { describeWith } from '../../support/needs.js'

const signal = new AbortController().signal
const shell = createHostShell(process.env)

describeWith(['lxc'], 'lxc', () => {
  const made: LxcContainer[] = []
  const driver = lxcDriver({ shell })
  const make = async (nature = {}) => {
    const container = await startLxc(nature)
    made.push(container)
    return container.name
  }
  afterAll(() => Promise.all(made.map((container) => container.remove())), 60_000)

  describeServiceDriver('lxc', {
    driver: () => driver,
    make,
    starts: async (name) => (await made.find((container) => container.name === name)?.starts()) ?? 0,
    canPause: true,
  })

  test('observes when a container was started, and which start that was', async () => {
    const before = Date.now()
    const name = await make()

    const observed = await driver.observe(name, signal)

    expect(observed).toMatchObject({
      service: `lxc:${name}`,
      state: 'running',
      identity: expect.any(String) as string,
    })
    // The kernel tells the time of its own start to the second.
    expect(Date.parse(observed.startedAt ?? '')).toBeGreaterThan(before - 1500)
    expect(Date.parse(observed.startedAt ?? '')).toBeLessThan(Date.now() + 1500)
    expect(await driver.observe(name, signal)).toEqual(observed)
  })

  test('a container that ignores being asked is killed at the end of its time', async () => {
    const name = await make({ stopSeconds: 60 })
    const asked = Date.now()

    await driver.stop(name, { mode: 'stop', timeoutMs: 2000 }, signal)

    expect(Date.now() - asked).toBeGreaterThan(1500)
    expect((await driver.observe(name, signal)).state).toBe('stopped')
  })

  test('the container of our Temporal is refused', async () => {
    const name = await make()
    const beside = lxcDriver({ shell, temporalAddress: `${name}:7233` })

    await expect(beside.resolve(name, signal)).rejects.toMatchObject({
      code: 'service.invalid',
      message: expect.stringContaining('Temporal') as string,
    })
  })
})

test('a host without LXC is named', async () => {
  const lost = lxcDriver({ shell: createHostShell({ PATH: '/no/such/folder' }) })

  await expect(lost.observe('web', signal)).rejects.toMatchObject({
    code: 'runtime.unreachable',
    hint: expect.any(String) as string,
  })
})

test('nothing can be run inside an LXC container', () => {
  expect(() => lxcDriver({ shell }).shell('web')).toThrow(/Nothing can be run inside/)
})
