import { syncFolder } from '../../activities/durable-file.js'

test('a folder of a filesystem that cannot sync folders is no failure', async () => {
  // Linux answers EINVAL there, as some network filesystems do.
  await expect(syncFolder('/proc')).resolves.toBeUndefined()
})

test('a folder that is not there is one', async () => {
  await expect(syncFolder('/proc/none')).rejects.toMatchObject({ code: 'ENOENT' })
})
