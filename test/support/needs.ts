/** What a machine may lack. Global setup looks for each once and leaves the reason in the environment. */
export type Need =
  | 'temporal'
  | 'docker'
  | 'lxc'
  | 'postgres'
  | 'mariadb'
  | 's3'
  | 'sshd'
  | 'python'
  | 'tink'
  | 'softhsm'
  | 'root'
  | 'shells'
  | 'built'

export const missingVariable = (need: Need): string => `HOLDFAST_TEST_MISSING_${need.toUpperCase()}`

/**
 * `describe` for tests that need real services. Where one is missing the tests are reported as not run, by name; with
 * `CI=true` they run and fail, saying what is missing.
 */
export function describeWith(needs: readonly Need[], name: string, tests: () => void): void {
  const missing = missingOf(needs)
  if (missing === undefined) return describe(name, tests)
  if (process.env['CI'] !== 'true') return describe.skip(`${name} (missing ${missing})`, tests)
  describe(name, () => test('has what it needs', failWith(missing)))
}

/** The same for one test. */
export function testWith(needs: readonly Need[], name: string, work: () => Promise<void>): void {
  const missing = missingOf(needs)
  if (missing === undefined) return test(name, work)
  if (process.env['CI'] !== 'true') return test.skip(`${name} (missing ${missing})`, work)
  test(name, failWith(missing))
}

function missingOf(needs: readonly Need[]): string | undefined {
  const missing = needs.flatMap((need) => {
    const reason = process.env[missingVariable(need)]
    return reason === undefined || reason === '' ? [] : [`${need}: ${reason}`]
  })
  return missing.length === 0 ? undefined : missing.join('; ')
}

const failWith = (missing: string) => () => {
  throw new Error(`Missing on this machine: ${missing}`)
}
