import { judgeTarMessages } from '../../../activities/archive/tar-messages.js'

it.each([
  ['tar: srv/x: file changed as we read it', 'srv/x', 'changed'],
  ['tar: srv/x: File removed before we read it', 'srv/x', 'vanished'],
  ['tar: srv/x: Cannot stat: No such file or directory', 'srv/x', 'vanished'],
  ['tar: srv/x: Warning: Cannot open: No such file or directory', 'srv/x', 'vanished'],
  ['tar: srv/x/y: Cannot stat: Not a directory', 'srv/x/y', 'vanished'],
  ['tar: srv/x: File shrank by 1048576 bytes; padding with zeros', 'srv/x', 'shrunk'],
  ['tar: srv/x: File shrank by 1 byte; padding with zeros', 'srv/x', 'shrunk'],
  ['tar: srv/x: Cannot open: Permission denied', 'srv/x', 'unreadable'],
  ['tar: srv/x: Read error at byte 0, while reading 4096 bytes: Input/output error', 'srv/x', 'unreadable'],
  ['tar: srv/a: b: Cannot open: Permission denied', 'srv/a: b', 'unreadable'],
  ['tar: srv/\\377\\nx\\\\n: file changed as we read it', 'srv/\ufffd\nx\\n', 'changed'],
  ['tar: srv/\\303\\237: file changed as we read it', 'srv/ß', 'changed'],
])('%s', (line, path, cause) => {
  const judged = judgeTarMessages(`${line}\ntar: Exiting with failure status due to previous errors\n`)

  expect(judged).toEqual({ notCaptured: [{ path, cause }], unknown: [] })
})

it.each([
  'tar: -: Cannot write: Broken pipe',
  'tar: Error is not recoverable: exiting now',
  'tar: srv: Cannot chdir: No such file or directory',
  'tar: memory exhausted',
  "tar: unrecognized option '--sparse'",
  '[12 bytes left out]',
  'Segmentation fault',
])('does not accept: %s', (line) => {
  const judged = judgeTarMessages(`tar: srv/x: file changed as we read it\n${line}\n`)

  expect(judged.unknown).toEqual([line])
})

it('names a file once, by the first that was said of it', () => {
  const judged = judgeTarMessages(
    'tar: x: File shrank by 5 bytes; padding with zeros\ntar: x: file changed as we read it\n',
  )

  expect(judged.notCaptured).toEqual([{ path: 'x', cause: 'shrunk' }])
})
