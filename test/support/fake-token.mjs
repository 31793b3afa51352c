// Stands for the process that speaks to a PKCS#11 module; what it does, the path of the module says.
let questions = 0

process.on('message', ({ number, place, question }) => {
  questions++
  if (place.module === '/hangs') return
  if (place.module === '/crashes') process.kill(process.pid, 'SIGSEGV')
  if (place.module === '/hangs-later' && question.ask !== 'find') return
  if (place.pin !== 'right') {
    const failure = { code: 'key.denied', message: 'Refused.', isPinRefused: true }
    return process.send({ number, failure })
  }
  // Its process, and how often it was asked.
  process.send({ number, answer: { id: `${process.pid}/${questions}` } })
})
process.on('disconnect', () => process.exit())
