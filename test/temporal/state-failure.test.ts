import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readAgentState } from '../../temporal/agent-state.js'
import { stateFailure } from '../../temporal/state-failure.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const own = process.getuid?.() ?? -1
const withCode = (code: string) => Object.assign(new Error(code), { code })

test.each(['EACCES', 'EPERM'])('%s of another user’s folder says as whom to run it', async (code) => {
  const file = join(folder(), 'gone', 'agent.json')

  expect(await stateFailure(file, withCode(code), own + 1)).toMatchObject({
    code: 'state.denied',
    message: `${file} cannot be used: ${folder()} belongs to user ${own}, and this is user ${own + 1}.`,
    hint: expect.stringContaining(`sudo --user='#${own}'`) as string,
  })
})

test('EACCES of an own folder says which rights it lacks', async () => {
  expect(await stateFailure(join(folder(), 'agent.json'), withCode('EACCES'), own)).toMatchObject({
    code: 'state.denied',
    hint: expect.stringContaining(`chmod u+rwx ${folder()}`) as string,
  })
})

test('a state folder below a file is a mistake of the configuration', async () => {
  await writeFile(join(folder(), 'file'), '')

  await expect(readAgentState(join(folder(), 'file', 'state'))).rejects.toMatchObject({
    code: 'config.invalid',
    message: `The state folder cannot be below ${join(folder(), 'file')}: that is a file.`,
  })
})

test('what nobody expects stays what it was', async () => {
  const error = withCode('EIO')

  expect(await stateFailure(folder(), error)).toBe(error)
})
