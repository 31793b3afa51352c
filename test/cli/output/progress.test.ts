import { stripVTControlCharacters } from 'node:util'
import { nothingSaid, plainLines } from '../../../cli/output/plain-progress.js'
import { progressView } from '../../../cli/output/progress-view.js'
import { renderProgress } from '../../../cli/output/progress.js'
import { rateOf, sampled, type Samples } from '../../../cli/output/rate.js'
import type { Terminal } from '../../../cli/terminal.js'
import type { RunProgress } from '../../../core/messages.js'
import type { RunView } from '../../../operations/follow.js'

const MiB = 2 ** 20
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 20, 1, 30, seconds))

const progress: RunProgress = {
  phase: 'capturing',
  backupId: '20261120-013000-shop-7f3a2c',
  sources: [
    {
      name: 'settings',
      type: 'files',
      state: 'done',
      attempt: 1,
      plainBytes: 12 * MiB,
      storedBytes: 3 * MiB,
    },
    { name: 'orders', type: 'postgres', state: 'running', attempt: 2 },
    { name: 'uploads', type: 'volume', state: 'pending', attempt: 1 },
  ],
  holds: [
    {
      service: 'docker:shop-web',
      state: 'held',
      stoppedAt: at(0).toISOString(),
      deadlineAt: at(120).toISOString(),
    },
  ],
}
const capture = (plainBytes: number, expectedBytes?: number) => ({
  source: 'orders',
  plainBytes,
  storedBytes: plainBytes / 4,
  ...(expectedBytes === undefined ? {} : { expectedBytes }),
})
const viewOf = (changes: Partial<RunView> = {}): RunView => ({
  progress,
  captures: [],
  copies: [],
  retries: [],
  ...changes,
})
const text = (view: RunView, samples: Samples, now: Date) =>
  renderProgress(view, samples, now).map(stripVTControlCharacters)

test('sources, bytes, rate, time left, and what stands still for how long are shown', () => {
  const first = sampled(new Map(), viewOf({ captures: [capture(100 * MiB)] }), at(10))
  const view = viewOf({ captures: [capture(300 * MiB, 500 * MiB)] })
  const samples = sampled(first, view, at(12))

  expect(text(view, samples, at(12))).toEqual([
    '20261120-013000-shop-7f3a2c  reading',
    '  ✓ settings (files) 12 MiB → 3 MiB',
    '  ▸ orders (postgres) 300 MiB of 500 MiB → 75 MiB, 100 MiB/s, 2.0s left, attempt 2',
    '  · uploads (volume)',
    '  ■ docker:shop-web is down since 12.0s, for at most 1m 48s more',
  ])
})

test('a run that waits says for whom', () => {
  const waiting: RunProgress = {
    ...progress,
    phase: 'waiting',
    waitingFor: ['backup/shop/1'],
    sources: [],
    holds: [],
  }

  expect(text(viewOf({ progress: waiting }), new Map(), at(0))).toEqual([
    '20261120-013000-shop-7f3a2c  waiting for backup/shop/1',
  ])
})

test('before a worker has answered it says what it waits for', () => {
  expect(text({ captures: [], copies: [], retries: [] }, new Map(), at(0))).toEqual([
    'waiting for a worker to answer',
  ])
})

test('no rate is shown from a single sample, and a new attempt starts anew', () => {
  const once = sampled(new Map(), viewOf({ captures: [capture(100)] }), at(0))
  const again = sampled(once, viewOf({ captures: [capture(10)] }), at(2))

  expect(rateOf(once, 'orders', at(0))).toBeUndefined()
  expect(rateOf(again, 'orders', at(2))).toBeUndefined()
})

test('a log hears of each change once, and of bytes every ten seconds', () => {
  const view = viewOf({ captures: [capture(MiB)] })

  const first = plainLines(nothingSaid, view, new Map(), at(0))
  const second = plainLines(first.state, view, new Map(), at(1))
  const third = plainLines(second.state, view, new Map(), at(10))

  expect(first.lines).toEqual([
    '20261120-013000-shop-7f3a2c: reading',
    '  ■ docker:shop-web is down since 0ms, for at most 2m 00s more',
    '  settings: done',
    '  orders: reading (attempt 2)',
    '  orders: 1 MiB → 256 KiB',
  ])
  expect(second.lines).toEqual([])
  expect(third.lines).toEqual(['  orders: 1 MiB → 256 KiB'])
})

test('on a terminal the view is redrawn in place, and no line is wider than the screen', () => {
  const written: string[] = []
  const terminal = { columns: 24, rows: 24, write: (piece: string) => void written.push(piece) } as Terminal
  const view = progressView(terminal, () => at(0), 'live')

  view.show(viewOf())
  view.show(viewOf())

  expect(written[1]).toMatch(/^\u001b\[5A\u001b\[J/)
  for (const line of stripVTControlCharacters(written[0]!).split('\n')) expect(line.length).toBeLessThan(24)
})

test('a view that is longer than the screen is cut: what scrolled away could not be erased', () => {
  const written: string[] = []
  const terminal = { columns: 80, rows: 4, write: (piece: string) => void written.push(piece) } as Terminal

  progressView(terminal, () => at(0), 'live').show(viewOf())

  expect(stripVTControlCharacters(written[0]!).split('\n')).toHaveLength(4)
  expect(written[0]).toContain('and 3 more')
})
