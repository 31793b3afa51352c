// What PKCS#11 itself says and does: `make-readable LABEL ID` makes a key that its token would give away, `value-of LABEL` asks for one.
import pkcs11 from 'pkcs11js'

const [module, token, pin, verb, label, id] = process.argv.slice(2)
const library = new pkcs11.PKCS11()
library.load(module)
library.C_Initialize()
const slot = library.C_GetSlotList(true).find((one) => library.C_GetTokenInfo(one).label.trimEnd() === token)
const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
library.C_Login(session, pkcs11.CKU_USER, pin)
if (verb === 'make-readable') {
  library.C_GenerateKey(session, { mechanism: pkcs11.CKM_AES_KEY_GEN }, [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_AES },
    { type: pkcs11.CKA_VALUE_LEN, value: 32 },
    { type: pkcs11.CKA_LABEL, value: label },
    { type: pkcs11.CKA_ID, value: Buffer.from(id, 'hex') },
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_SENSITIVE, value: false },
    { type: pkcs11.CKA_EXTRACTABLE, value: true },
    { type: pkcs11.CKA_ENCRYPT, value: true },
    { type: pkcs11.CKA_DECRYPT, value: true },
  ])
} else {
  library.C_FindObjectsInit(session, [{ type: pkcs11.CKA_LABEL, value: label }])
  const [object] = library.C_FindObjects(session, 1)
  try {
    const [{ value }] = library.C_GetAttributeValue(session, object, [{ type: pkcs11.CKA_VALUE }])
    process.stdout.write(`${value.length} bytes`)
  } catch (error) {
    process.stdout.write(error.message)
  }
}
