import { renderIssues, type Issue } from '../../plan/issues.js'
import { isSecretKey } from '../../plan/mask.js'
import { readPlan } from '../../plan/validate.js'
import { ConfigFile } from '../../schemas/config.js'
import { PlanFile } from '../../schemas/plan.js'
import { goodPlan, homeSite } from './sites.js'

const render = (text: string, file = 'plans/shop.yaml') =>
  renderIssues(readPlan(text, file, homeSite).issues, { [file]: text })

test('issues are shown with place, source line, caret and summary', () => {
  const text = `version: 1
plan: shop
hold:
  services: [docker:shop-web]
  maxDowntme: 2m
sources:
  orders:
    type: postgres
    database: orders
    password: hunter2
destinations: [disk]
`

  expect(render(text))
    .toBe(`plans/shop.yaml:5:3   error  hold.maxDowntme: unknown key. Did you mean "maxDowntime"?
    5 |   maxDowntme: 2m
      |   ^^^^^^^^^^
plans/shop.yaml:10:15 error  sources.orders.password: a secret is a reference, not a value. Write { env: SHOP_DB_PASSWORD } or { file: /run/secrets/… }.
2 errors in 1 file`)
})

test('warnings are counted apart, and files too', () => {
  const issue: Issue = {
    file: 'a',
    line: 1,
    column: 1,
    length: 1,
    severity: 'error',
    path: '',
    message: 'x.',
  }
  const issues: Issue[] = [issue, { ...issue, file: 'b', severity: 'warning' }]

  expect(renderIssues(issues, {})).toBe(
    'a:1:1 error    x.\nb:1:1 warning  x.\n1 error and 1 warning in 2 files',
  )
  expect(renderIssues([], {})).toBe('')
})

test('a long line is cut around the mistake, and control characters do not reach the terminal', () => {
  const text = `${goodPlan}description: [${'a'.repeat(300)}\u009b31m]\n`

  const shown = render(text)

  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThan(200)
  expect(shown).not.toContain('\u009b')
})

const canary = 'hunter2-canary'
test.each([
  ['in its place', `password: ${canary}`],
  ['under a misspelt key', `pasword: ${canary}`],
  ['under another word for it', `pwd: ${canary}`],
  ['in quotes', `password: "${canary}"`],
  ['as a block', `password: |\n      ${canary}`],
  ['over several lines', `password: "a\n      ${canary}"\n    x: y`],
  ['as a key', `password: { ${canary} }`],
  ['as the name of a variable', `password: { env: ${canary} }`],
  ['as a list', `password: [${canary}]`],
  ['as an alias', `password: *${canary}`],
  ['as a tag', `password: !${canary} x`],
  ['in a text that never ends', `password: "${canary}`],
  ['after a syntax error', `x: [\n    password: ${canary}`],
  ['twice', `password: ${canary}\n    password: ${canary}`],
  ['beside a mistake on the same line', `connection: { password: ${canary}, hots: x }`],
  ['in a URL', `connection: postgres://backup:${canary}@db/orders`],
  ['in a connection string', `connection: host=db password=${canary}`],
])('a secret %s is never shown', (_, line) => {
  const text = `version: 1\nplan: shop\nsources:\n  orders:\n    type: postgres\n    database: a\n    ${line}\ndestinations: [disk]\n`
  const { issues } = readPlan(text, 'p', homeSite)

  expect(issues.length).toBeGreaterThan(0)
  expect(renderIssues(issues, { p: text })).not.toContain(canary)
  expect(JSON.stringify(issues)).not.toContain(canary)
})

test('every place of a secret in the schemas is known to the mask', () => {
  const keys: string[] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, property] of Object.entries((node as { properties?: object }).properties ?? {})) {
      if ((property as { writeOnly?: boolean }).writeOnly === true) keys.push(key)
    }
    Object.values(node).forEach(walk)
  }
  ;[PlanFile, ConfigFile].forEach(walk)

  expect([...new Set(keys)].sort()).toEqual([
    'accessKeyId',
    'apiKey',
    'certificate',
    'key',
    'passphrase',
    'password',
    'pin',
    'privateKey',
    'secretAccessKey',
    'serverRootCA',
    'sessionToken',
  ])
  expect(keys.filter((key) => !isSecretKey(key))).toEqual([])
})
