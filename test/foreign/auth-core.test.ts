import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: '@auth/core',
  language: 'typescript',
  program: 'auth-core',
  kind: 'web',
  client: 'confidential',
  callback: '/auth/callback/gatehouse',
})
