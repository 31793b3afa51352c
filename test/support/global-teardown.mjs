export default async function () {
  await globalThis.holdfastTestServices.stop()
}
