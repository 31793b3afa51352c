import { secretVariablesIn } from '../../core/secret-variables.js'

test('variables that hold secrets and keys are found however deep, and nothing else', () => {
  const configuration = {
    site: 'home',
    destinations: { offsite: { type: 's3', accessKey: { id: 'a', secret: { env: 'S3_SECRET' } } } },
    keys: { main: { type: 'env', variable: 'MAIN_KEY' }, token: { type: 'pkcs11', pin: { env: 'PIN' } } },
    services: { web: { start: ['env', 'FOO=bar'] } },
    limits: { variable: 'none' },
  }

  expect(secretVariablesIn(configuration)).toEqual(['S3_SECRET', 'MAIN_KEY', 'PIN'])
  expect(secretVariablesIn([{ sources: [{ password: { env: 'SHOP' } }] }, null, 1, 'env'])).toEqual(['SHOP'])
  expect(secretVariablesIn(undefined)).toEqual([])
})
