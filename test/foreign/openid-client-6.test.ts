import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: 'openid-client 6',
  language: 'typescript',
  program: 'openid-client-6',
  kind: 'native',
  client: 'itself',
})
