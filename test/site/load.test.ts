import { chmod, chown, lchown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findConfig } from '../../site/find.js'
import { defaultStateDir, loadSite } from '../../site/load.js'
import { trustedOwners } from '../../site/unsafe.js'
import { folderWith } from './folders.js'

/** Not root; what the tests write is root's or this user's. */
const uid = Math.max(1000, process.getuid?.() ?? 0)
const person = { env: {}, hostname: 'NAS-1.lan', uid, homedir: '/home/anna' }

describe('finding holdfast.yaml', () => {
  test('--config wins over HOLDFAST_CONFIG, which wins over the nearest one upward', async () => {
    const cwd = await folderWith({ 'a.yaml': '', 'b.yaml': '', 'holdfast.yaml': '', 'x/y/keep': '' })
    const env = { HOLDFAST_CONFIG: 'b.yaml' }

    expect(await findConfig({ flag: 'a.yaml', env, cwd })).toBe(join(cwd, 'a.yaml'))
    expect(await findConfig({ env, cwd })).toBe(join(cwd, 'b.yaml'))
    expect(await findConfig({ env: {}, cwd: join(cwd, 'x/y') })).toBe(join(cwd, 'holdfast.yaml'))
  })

  test('a file that is named and not there is an error that names it, not a reason to take another', async () => {
    const cwd = await folderWith({ 'holdfast.yaml': '' })

    await expect(findConfig({ flag: 'gone.yaml', env: {}, cwd })).rejects.toMatchObject({
      code: 'config.not-found',
      message: `There is no file ${join(cwd, 'gone.yaml')}, which --config names.`,
    })
    await expect(findConfig({ env: { HOLDFAST_CONFIG: 'gone.yaml' }, cwd })).rejects.toMatchObject({
      message: `There is no file ${join(cwd, 'gone.yaml')}, which HOLDFAST_CONFIG names.`,
    })
  })

  test('without any, it says where it looked and how to make one', async () => {
    const cwd = await folderWith({ 'x/keep': '' })

    const failure = findConfig({ env: {}, cwd: join(cwd, 'x') })

    await expect(failure).rejects.toMatchObject({
      code: 'config.not-found',
      message: expect.stringContaining(
        `There is no holdfast.yaml. Looked for ${join(cwd, 'x/holdfast.yaml')}, ${join(cwd, 'holdfast.yaml')}`,
      ) as string,
      hint: expect.stringContaining('holdfast init') as string,
    })
  })
})

/** The question of a user that the file does not belong to: only root can give files away. */
async function strangerTo<T extends { readonly uid: number }>(file: string, question: T): Promise<T> {
  if (process.getuid?.() === 0) await chown(file, 65534, 65534)
  return { ...question, uid: question.uid + 1 }
}

describe('reading it', () => {
  test('everything that is left out has its default', async () => {
    const cwd = await folderWith({ 'holdfast.yaml': 'version: 1\n' })

    const site = await loadSite({ ...person, cwd })

    expect(site).toEqual({
      configFile: join(cwd, 'holdfast.yaml'),
      site: 'nas-1',
      host: 'nas-1',
      stateDir: '/home/anna/.local/state/holdfast',
      plans: ['plans/*.yaml'],
      destinations: {},
      services: {},
      keys: {},
      limits: { parallelCaptures: 2 },
      defaults: {},
    })
  })

  test('the host name is remembered where there is a state folder, and what was remembered wins', async () => {
    const cwd = await folderWith({ 'state/keep': '' })
    await writeFile(join(cwd, 'holdfast.yaml'), `version: 1\nstateDir: ${cwd}/state\n`, { mode: 0o600 })

    const first = await loadSite({ ...person, cwd })
    const later = await loadSite({ ...person, cwd, hostname: 'renamed' })

    expect([first.host, later.host]).toEqual(['nas-1', 'nas-1'])
    expect(JSON.parse(await readFile(join(cwd, 'state/host.json'), 'utf8'))).toEqual({ host: 'nas-1' })
  })

  test('what was remembered and is damaged is an error, not another name', async () => {
    const cwd = await folderWith({ 'state/host.json': '{ "host"' })
    await writeFile(join(cwd, 'holdfast.yaml'), `version: 1\nstateDir: ${cwd}/state\n`, { mode: 0o600 })

    await expect(loadSite({ ...person, cwd })).rejects.toMatchObject({ code: 'config.invalid' })
  })

  test('an invalid one is an error with all its mistakes, for people and for programs', async () => {
    const cwd = await folderWith({ 'holdfast.yaml': 'version: 2\nhots: nas\n' })

    await expect(loadSite({ ...person, cwd })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('2 errors in 1 file') as string,
      details: { issues: [{ line: 1 }, { line: 2, path: 'hots' }] },
    })
  })

  test.each([0o666, 0o620, 0o602])(
    'one that others can write (%o) is refused with the command to mend it',
    async (mode) => {
      const cwd = await folderWith({ 'holdfast.yaml': 'version: 1\n' })
      const file = join(cwd, 'holdfast.yaml')
      await chmod(file, mode)

      await expect(loadSite({ ...person, cwd })).rejects.toMatchObject({
        code: 'config.unsafe',
        hint: `Run \`chmod go-w ${file}\`, after a look at what it says.`,
      })
    },
  )

  test('one that was only found is refused where it belongs to somebody else, with how to trust it', async () => {
    const cwd = await folderWith({ 'holdfast.yaml': 'version: 1\n', 'x/keep': '' })
    const file = join(cwd, 'holdfast.yaml')

    await expect(loadSite(await strangerTo(file, { ...person, cwd: join(cwd, 'x') }))).rejects.toMatchObject({
      code: 'config.unsafe',
      message: expect.stringMatching(/belongs to user \d+/) as string,
      hint: expect.stringContaining(`--config ${file}`) as string,
    })
  })

  test('a link of somebody else is refused as well: plans beside it would be read', async () => {
    if (process.getuid?.() !== 0) return
    const cwd = await folderWith({ 'real.yaml': 'version: 1\n' })
    await symlink('real.yaml', join(cwd, 'holdfast.yaml'))
    await lchown(join(cwd, 'holdfast.yaml'), 65534, 65534)

    await expect(loadSite({ ...person, cwd })).rejects.toMatchObject({ code: 'config.unsafe' })
  })

  test.each([
    ['--config', { flag: 'holdfast.yaml' }],
    ['HOLDFAST_CONFIG', { env: { HOLDFAST_CONFIG: 'holdfast.yaml' } }],
  ])('whoever it belongs to, it is read where %s names it', async (_, naming) => {
    const cwd = await folderWith({ 'holdfast.yaml': 'version: 1\n' })
    const question = await strangerTo(join(cwd, 'holdfast.yaml'), { ...person, cwd })

    expect(await loadSite({ ...question, ...naming })).toMatchObject({ host: 'nas-1' })
  })

  test('a huge one is refused without being read whole', async () => {
    const cwd = await folderWith({ 'holdfast.yaml': 'a: 1\n'.repeat(2_000_000) })

    await expect(loadSite({ ...person, cwd })).rejects.toMatchObject({
      message: expect.stringContaining('larger than 256 KiB') as string,
    })
  })

  test('a folder in its place says so', async () => {
    const cwd = await folderWith({ keep: '' })
    await mkdir(join(cwd, 'holdfast.yaml'))

    await expect(findConfig({ env: {}, cwd, flag: 'holdfast.yaml' })).rejects.toMatchObject({
      code: 'config.not-found',
    })
  })
})

test.each([
  ['a user', 1000, { SUDO_UID: '7' }, [0, 1000]],
  ['root', 0, {}, [0, 0]],
  ['root by sudo', 0, { SUDO_UID: '1000' }, [0, 1000]],
  ['root with a variable that is no number', 0, { SUDO_UID: '' }, [0, 0]],
])('%s may find the configuration of the right users', (_, uid, env, owners) => {
  expect(trustedOwners(uid, env)).toEqual(owners)
})

test.each([
  [{ uid: 0, env: { XDG_STATE_HOME: '/x' } }, '/var/lib/holdfast'],
  [{ uid: 1, env: { XDG_STATE_HOME: '/x' } }, '/x/holdfast'],
  [{ uid: 1, env: { XDG_STATE_HOME: 'relative' } }, '/home/anna/.local/state/holdfast'],
  [{ uid: 1, env: {} }, '/home/anna/.local/state/holdfast'],
])('the state folder of %j is %s', (who, expected) => {
  expect(defaultStateDir({ ...who, homedir: '/home/anna' })).toBe(expected)
})
