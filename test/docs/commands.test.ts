import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

test('docs/commands.md says what the commands say of themselves', async () => {
  const script =
    "import { commandDocs } from './tools/command-docs.ts'; process.stdout.write(await commandDocs())"

  const { stdout } = await execa(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    {
      cwd: root,
      env: { NODE_OPTIONS: '' },
      stripFinalNewline: false,
    },
  )

  expect(await readFile(join(root, 'docs', 'commands.md'), 'utf8')).toBe(stdout)
})
