import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: 'openid-client 5',
  language: 'typescript',
  program: 'openid-client-5',
  kind: 'native',
  client: 'itself',
})
