import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decrypted } from '../../../activities/pipeline/decrypt.js'
import { encrypted } from '../../../activities/pipeline/encrypt.js'
import { HEADER_BYTES, SEGMENT_BYTES, TAG_BYTES } from '../../../activities/pipeline/segments.js'
import { describeWith } from '../../support/needs.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { tink } from '../../support/tink.js'
import { collect, noise, pieces } from './bytes.js'

const streamKey = { dataKey: noise(32), associatedData: '20260301-013000-shop-7f3a2c/orders.dump.enc' }
const FIRST = SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES
const sizes = [0, 1, FIRST, FIRST + 1, FIRST + SEGMENT_BYTES - TAG_BYTES, 3_500_000]

describeWith(['tink'], 'with Tink for Python', () => {
  const folder = temporaryFolder()

  test.each(sizes)('it decrypts %i bytes that we encrypted', async (bytes) => {
    const [from, to] = [join(folder(), 'stored'), join(folder(), 'plain')]
    const plain = noise(bytes)
    const encryption = { ...streamKey, salt: noise(32), noncePrefix: noise(7) }
    await writeFile(from, await collect(encrypted(pieces(plain, 65_536), encryption)))

    await tink('decrypt', { ...streamKey, from, to })

    expect((await readFile(to)).equals(plain)).toBe(true)
  })

  test.each(sizes)('we decrypt %i bytes that it encrypted', async (bytes) => {
    const [from, to] = [join(folder(), 'plain'), join(folder(), 'stored')]
    const plain = noise(bytes)
    await writeFile(from, plain)

    await tink('encrypt', { ...streamKey, from, to })
    const back = await collect(decrypted(pieces(await readFile(to), 65_536), streamKey))

    expect(back.equals(plain)).toBe(true)
  })
})
