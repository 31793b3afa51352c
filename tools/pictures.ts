import { AnsiUp } from 'ansi_up'
import { execa } from 'execa'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RunSummary } from '../operations/runs.js'
import { folder as application } from './quickstart/place.js'

// `npm run pictures`: runs the quickstart, and makes the pictures of the README from what it really shows. Needs Chromium.

const root = join(import.meta.dirname, '..')
const images = join(root, 'docs', 'images')
const holdfast = join(root, 'bin', 'run.js')
const quickstart = ['--import', 'tsx', join(root, 'tools', 'quickstart', 'main.ts')]
const COLUMNS = 120
const LINE_PX = 18
const WIDTH_PX = 1040
/** A page of Temporal asks its server before it is complete. */
const PAGE_MS = 10_000

const scratch = await mkdtemp(join(tmpdir(), 'holdfast-pictures-'))
try {
  await mkdir(images, { recursive: true })
  const job = await run(process.execPath, [...quickstart, '--keep'])
  await terminal('quickstart', between(job, '--description run 3', 'Left running'))
  const status = await run(process.execPath, [holdfast, 'status'], application)
  await terminal('status', `$ holdfast status\n${status}`)
  const page = /http:\/\/127\.0\.0\.1:\d+/.exec(status)?.[0]
  if (page === undefined) throw new Error('The status names no web page of Temporal.')
  const listed = await run(
    process.execPath,
    [holdfast, 'run', 'list', '--kind', 'backup', '--json'],
    application,
  )
  const [{ workflowId, runId } = noRun()] = JSON.parse(listed) as RunSummary[]
  const address = `${page}/namespaces/holdfast/workflows/${encodeURIComponent(workflowId)}/${runId}/timeline`
  await picture('temporal', address, { width: 1280, height: 900 })
} finally {
  await run(process.execPath, [...quickstart, '--clean'])
  await rm(scratch, { recursive: true, force: true })
}

/** What a program prints on a terminal that has colours. */
async function run(program: string, args: readonly string[], cwd: string = root): Promise<string> {
  const { all } = await execa(program, args, {
    cwd,
    all: true,
    stdin: 'ignore',
    env: { FORCE_COLOR: '1', COLUMNS: String(COLUMNS), TZ: 'UTC' },
  })
  return all
}

function between(text: string, first: string, after: string): string {
  const [from, to] = [text.indexOf(first), text.indexOf(after)]
  if (from < 0 || to < 0) throw new Error(`The quickstart does not say "${first}", or not "${after}".`)
  return text.slice(text.lastIndexOf('\n', from) + 1, text.lastIndexOf('\n', to)).trimEnd()
}

function noRun(): never {
  throw new Error('Temporal lists no backup.')
}

async function terminal(name: string, text: string): Promise<void> {
  const html = `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 16px 20px; background: #16181d; color: #d8dbe2 }
    pre { margin: 0; font: 13px/${LINE_PX}px 'DejaVu Sans Mono', monospace; white-space: pre-wrap }
  </style><pre>${new AnsiUp().ansi_to_html(text)}</pre>`
  const file = join(scratch, `${name}.html`)
  await writeFile(file, html)
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / COLUMNS)), 0)
  await picture(name, pathToFileURL(file).href, { width: WIDTH_PX, height: lines * LINE_PX + 40 })
}

async function picture(
  name: string,
  address: string,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<void> {
  await execa('chromium', [
    '--headless=new',
    '--no-sandbox',
    '--hide-scrollbars',
    `--user-data-dir=${join(scratch, 'chromium')}`,
    `--window-size=${width},${height}`,
    `--virtual-time-budget=${PAGE_MS}`,
    `--screenshot=${join(images, `${name}.png`)}`,
    address,
  ])
}
