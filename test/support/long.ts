/** `npm run test:long`: the same tests with more of everything. */
export const isLong = process.env['HOLDFAST_TEST_LONG'] === '1'

/** So many in `npm test`, ten times as many in `npm run test:long`: runs of a property, kills, mebibytes. */
export const longer = (count: number): number => count * (isLong ? 10 : 1)
