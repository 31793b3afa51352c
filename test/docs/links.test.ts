import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readPages, root } from '../support/pages.js'

const pages = readPages()
const anchorsOf = new Map(pages.map(({ path, anchors }) => [path, anchors]))

const links = pages.flatMap(({ path, links: found }) =>
  found
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .map(({ place, target }) => ({ place, target, path })),
)

test.each(links.map(({ place, target, path }) => [place, target, path] as const))(
  '%s: the link to %s leads somewhere',
  (_, target, path) => {
    const [file = '', anchor] = target.split('#')
    const linked = file === '' ? path : join(dirname(path), file)

    expect(existsSync(join(root, linked))).toBe(true)
    if (anchor !== undefined) expect([...(anchorsOf.get(linked) ?? [])]).toContain(anchor)
  },
)

test('every page is found from the README', () => {
  const seen = new Set<string>()
  const follow = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const to = links.filter((link) => link.path === path).map(({ target }) => target.split('#')[0] ?? '')
    for (const file of to) if (file !== '') follow(join(dirname(path), file))
  }
  follow('README.md')

  const decisions = /^docs\/decisions\//
  expect(pages.map(({ path }) => path).filter((path) => !seen.has(path) && !decisions.test(path))).toEqual([])
})

/** Where the installation puts the schemas, in what pages show; see docs/getting-started.md. */
const INSTALLED = '/opt/holdfast/'

test('the schemas that pages name for editors are those of the installation', () => {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
  const named = pages.flatMap(({ blocks }) =>
    blocks.flatMap(({ text }) =>
      [...text.matchAll(/yaml-language-server: \$schema=(\S+)/g)].map(([, target = '']) => target),
    ),
  )

  expect(files).toContain('schemas/*.schema.json')
  expect(named).not.toEqual([])
  for (const target of named) {
    expect(target.startsWith(INSTALLED)).toBe(true)
    expect(existsSync(join(root, target.slice(INSTALLED.length)))).toBe(true)
  }
})
