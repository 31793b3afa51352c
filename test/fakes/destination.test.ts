import { describeDestination } from '../contracts/destination.js'
import { fakeDestination } from './destination.js'

describeDestination('fake', async () => ({ destination: fakeDestination(), dispose: async () => undefined }))
