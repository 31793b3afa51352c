// A worker as its agent sees it: says that it is ready, ends when it is told, and leaves a trace of both.
import { appendFileSync } from 'node:fs'

const [, , trace, name, behaviour = 'well'] = process.argv
const note = (what) => appendFileSync(trace, `${name} ${what} ${process.pid}\n`)

note('started')
if (behaviour === 'broken') {
  console.error('cannot work like this')
  process.exit(3)
}
const end = (why) => {
  note(why)
  process.exit(0)
}
process.on('SIGINT', () => note('interrupted'))
process.on('SIGTERM', () => (behaviour === 'deaf' ? undefined : end('stopped')))
process.on('disconnect', () => (behaviour === 'deaf' ? undefined : end('orphaned')))
process.send('holdfast.ready')
setInterval(() => undefined, 1000)
