import { keepShowing } from '../../cli/keep-showing.js'
import type { Terminal } from '../../cli/terminal.js'

function terminalOf(isLive: boolean, rows = 24): Terminal & { readonly written: string[] } {
  const written: string[] = []
  return {
    isInteractive: isLive,
    isLive,
    columns: 80,
    rows,
    written,
    write: (text) => void written.push(text),
    confirm: async () => true,
    ask: async (_, otherwise) => otherwise,
    choose: async () => {
      throw new Error('nobody is asked')
    },
  }
}

test('what is seen is drawn anew in its place until somebody interrupts, and the last look is the result', async () => {
  const terminal = terminalOf(true)
  let interrupt: (() => void) | undefined
  let looks = 0

  const last = await keepShowing({
    terminal,
    look: async () => ({ value: ++looks, text: `look ${looks}\nsecond line` }),
    sleep: async () => {
      if (looks === 3) interrupt?.()
    },
    onInterrupt: (listener) => {
      interrupt = () => listener('SIGINT')
      return () => (interrupt = undefined)
    },
  })

  expect(last).toBe(3)
  expect(interrupt).toBeUndefined()
  expect(terminal.written).toEqual([
    'look 1\nsecond line\n',
    '\u001b[2A\u001b[Jlook 2\nsecond line\n',
    '\u001b[2A\u001b[Jlook 3\nsecond line\n',
  ])
})

test('a screen that is too low keeps the last lines, where it stands what needs a person', async () => {
  const terminal = terminalOf(true, 3)

  await keepShowing({
    terminal,
    look: async () => ({ value: 0, text: 'one\ntwo\nthree\nfour' }),
    sleep: async () => undefined,
    onInterrupt: (listener) => {
      listener('SIGINT')
      return () => undefined
    },
  })

  expect(terminal.written).toEqual(['  … and 3 before\nfour\n'])
})

test('without a terminal to draw on it is refused, and nothing is looked at', async () => {
  const showing = keepShowing({
    terminal: terminalOf(false),
    look: () => Promise.reject(new Error('looked')),
    sleep: async () => undefined,
  })

  await expect(showing).rejects.toMatchObject({ code: 'flag.invalid' })
})
