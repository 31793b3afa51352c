import { authenticityOf, doubtOf, type MarkProof, type Proof } from '../../core/authenticity.js'

const here = { isWanted: true, hasPlanKey: true }
const elsewhere = { isWanted: true, hasPlanKey: false }
const unwanted = { isWanted: false, hasPlanKey: false }

test.each<[string, Proof, boolean, typeof here, string | undefined]>([
  ['a right code proves it', 'right', true, here, 'authentic'],
  ['also after the plan is not encrypted any more', 'right', true, unwanted, 'authentic'],
  ['without a code anyone could have written it', 'absent', true, here, 'unauthenticated'],
  ['also in the clear, where the plan wants keys', 'absent', false, here, 'unauthenticated'],
  ['also where this host has none of them', 'absent', false, elsewhere, 'unauthenticated'],
  ['an encrypted one without a code is never trusted', 'absent', true, unwanted, 'unauthenticated'],
  ['a code of a stranger is as good as none', 'untold', true, here, 'unauthenticated'],
  ['a host without the keys cannot tell', 'untold', true, elsewhere, 'unchecked'],
  ['where no keys are in play there is nothing to prove', 'absent', false, unwanted, undefined],
])('%s', (_, proof, isEncrypted, facts, expected) => {
  expect(authenticityOf({ proof, isEncrypted }, facts)).toBe(expected)
})

test.each<[string, MarkProof, boolean, string | undefined]>([
  ['a right code proves a mark', 'right', true, undefined],
  ['a wrong one proves that it is forged', 'wrong', true, 'forged'],
  ['so does none, where there is a key', 'absent', true, 'forged'],
  ['without a key nobody can tell', 'untold', true, 'untold'],
  ['where the backup has no key there is nothing to prove', 'absent', false, undefined],
  ['and a code proves nothing there', 'untold', false, undefined],
])('marks: %s', (_, proof, isEncrypted, doubt) => {
  expect(doubtOf(proof, { isEncrypted })).toBe(doubt)
})
