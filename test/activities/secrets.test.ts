import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecrets } from '../../activities/secrets.js'
import { createHostShell } from '../../activities/services/shell.js'
import type { ConfigSecret } from '../../schemas/common.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder()
const CANARY = 'canary-8d1f3c'
const secrets = createSecrets({
  environment: { SHOP_PASSWORD: CANARY, EMPTY: '' },
  shell: createHostShell(process.env),
})

async function fileOf(content: string, mode = 0o600): Promise<string> {
  const path = join(folder(), `secret-${mode.toString(8)}-${content.length}`)
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

async function failureOf(reference: ConfigSecret): Promise<{ code: string; message: string; hint?: string }> {
  return secrets.resolve(reference).then(
    (value) => {
      throw new Error(`resolved to ${value}`)
    },
    (error: { code: string; message: string; hint?: string; cause?: unknown }) => {
      // Whatever goes wrong: the value is in no part of the error.
      expect(`${error.message} ${error.hint} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
        CANARY,
      )
      return error
    },
  )
}

test('comes from the environment', async () => {
  expect(await secrets.resolve({ env: 'SHOP_PASSWORD' })).toBe(CANARY)
})

test('comes from a file, without the line break at its end, and only that', async () => {
  expect(await secrets.resolve({ file: await fileOf(CANARY) })).toBe(CANARY)
  expect(await secrets.resolve({ file: await fileOf(`${CANARY}\n`) })).toBe(CANARY)
  expect(await secrets.resolve({ file: await fileOf(` ${CANARY} \r\n`) })).toBe(` ${CANARY} `)
  expect(await secrets.resolve({ file: await fileOf('two\nlines\n\n', 0o400) })).toBe('two\nlines\n')
})

test('comes from a command', async () => {
  expect(await secrets.resolve({ command: ['printf', `${CANARY}\\n`] })).toBe(CANARY)
})

test('a variable that is not set, or empty, is named', async () => {
  expect(await failureOf({ env: 'NO_SUCH_VARIABLE' })).toMatchObject({
    code: 'secret.not-found',
    message: expect.stringContaining('NO_SUCH_VARIABLE') as string,
  })
  expect(await failureOf({ env: 'EMPTY' })).toMatchObject({ code: 'secret.not-found' })
  expect(await failureOf({ env: 'toString' })).toMatchObject({ code: 'secret.not-found' })
})

test.each([0o640, 0o604, 0o620, 0o602, 0o644])(
  'a file of mode %o is refused, with the command to mend it',
  async (mode) => {
    const file = await fileOf(CANARY, mode)

    expect(await failureOf({ file })).toMatchObject({
      code: 'secret.unsafe',
      message: expect.stringContaining(file) as string,
      hint: `chmod 600 ${file}`,
    })
  },
)

test('a file that is missing, empty, too big or no file is named', async () => {
  const nested = join(folder(), 'folder')
  await mkdir(nested, { mode: 0o700 })

  for (const [file, code] of [
    [join(folder(), 'none'), 'secret.not-found'],
    [await fileOf('\n'), 'secret.not-found'],
    [await fileOf(CANARY.repeat(10_000)), 'secret.unsafe'],
    [nested, 'secret.not-found'],
  ] as const) {
    expect(await failureOf({ file })).toMatchObject({
      code,
      message: expect.stringContaining(file) as string,
    })
  }
})

test('a command that fails is named, and nothing that it said', async () => {
  const failing = ['sh', '-c', `echo ${CANARY}; echo ${CANARY} >&2; exit 3`]

  expect(await failureOf({ command: failing })).toMatchObject({
    code: 'secret.not-found',
    message: 'The command "sh" that prints a secret exited with code 3.',
  })
  expect(await failureOf({ command: ['true'] })).toMatchObject({ code: 'secret.not-found' })
  expect(await failureOf({ command: ['/no/such/program'] })).toMatchObject({ code: 'secret.not-found' })
})
