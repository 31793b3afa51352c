import { Cancelled } from '../../cli/cancelled.js'
import { confirmed } from '../../cli/confirm.js'

const answering = (answer: boolean) => ({
  isInteractive: true,
  asked: [] as string[],
  async confirm(question: string) {
    this.asked.push(question)
    return answer
  },
})

test('--yes answers: nobody is asked', async () => {
  const terminal = answering(false)

  await confirmed({ question: 'Delete it?', isAnswered: true, terminal })

  expect(terminal.asked).toEqual([])
})

test('on a terminal a person is asked, and yes goes on', async () => {
  const terminal = answering(true)

  await confirmed({ question: 'Delete it?', isAnswered: false, terminal })

  expect(terminal.asked).toEqual(['Delete it?'])
})

test('a person who says no cancels', async () => {
  await expect(
    confirmed({ question: 'Delete it?', isAnswered: false, terminal: answering(false) }),
  ).rejects.toThrow(Cancelled)
})

test('without a terminal it refuses, says what it would have asked, and how to answer', async () => {
  const terminal = { ...answering(true), isInteractive: false }

  await expect(confirmed({ question: 'Delete it?', isAnswered: false, terminal })).rejects.toMatchObject({
    code: 'confirmation.needed',
    message: expect.stringContaining('Delete it?') as string,
    hint: expect.stringContaining('--yes') as string,
  })
})
