import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planNamed } from '../../operations/plans.js'
import { editSchedule, writeSchedule } from '../../operations/schedule-edit.js'
import { fakeSite } from '../fakes/site.js'

const TEXT = `version: 1
plan: shop # the shop
schedule:
  cron: "30 4 * * *" # at night
sources:
  data: { type: files, paths: [/data] }
destinations: [disk]
`

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-edit-'))
  await mkdir(join(folder, 'plans'), { mode: 0o700 })
  file = join(folder, 'plans', 'shop.yaml')
  await writeFile(file, TEXT)
  await chmod(file, 0o640)
})
afterEach(() => rm(folder, { recursive: true }))

const site = () => fakeSite({ configFile: join(folder, 'holdfast.yaml') })
const edit = async (cron: string) => editSchedule(site(), await planNamed(site(), 'shop'), cron)

test('the expression changes; comments, order and rights of the file stay', async () => {
  const edited = await edit('0 5 * * *')

  await writeSchedule(edited)

  expect(await readFile(file, 'utf8')).toBe(TEXT.replace('30 4 * * *', '0 5 * * *'))
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(await readdir(join(folder, 'plans'))).toEqual(['shop.yaml'])
  expect(edited.plan.schedule).toMatchObject({ cron: '0 5 * * *' })
})

test('an expression that is wrong is refused before anything is written', async () => {
  await expect(edit('0 25 * * *')).rejects.toMatchObject({ code: 'plan.invalid' })

  expect(await readFile(file, 'utf8')).toBe(TEXT)
})

test('a file that somebody has changed in the meantime is left as it is', async () => {
  const edited = await edit('0 5 * * *')
  await writeFile(file, `${TEXT}# new\n`)

  await expect(writeSchedule(edited)).rejects.toMatchObject({ code: 'object.conflict' })

  expect(await readFile(file, 'utf8')).toBe(`${TEXT}# new\n`)
})

test('a plan that is a link stays one', async () => {
  const real = join(folder, 'real.yaml')
  await writeFile(real, TEXT, { mode: 0o600 })
  await rm(file)
  await symlink(real, file)

  await writeSchedule(await edit('0 5 * * *'))

  expect(await readFile(real, 'utf8')).toContain('0 5 * * *')
  expect(await readFile(file, 'utf8')).toContain('0 5 * * *')
})
