import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one test file, gone after its last test. Call it at the top level of the file or in a `describe`. */
export function temporaryFolder(): () => string {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return () => folder
}
