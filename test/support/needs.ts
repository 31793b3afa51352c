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
  const missing = needs.flatMap((need) => {
    const reason = process.env[missingVariable(need)]
    return reason === undefined || reason === '' ? [] : [`${need}: ${reason}`]
  })
  if (missing.length === 0) return describe(name, tests)
  if (process.env['CI'] !== 'true') return describe.skip(`${name} (missing ${missing.join('; ')})`, tests)
  describe(name, () => {
    test('has what it needs', () => {
      throw new Error(`Missing on this machine: ${missing.join('; ')}`)
    })
  })
}
