import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: '@auth/core',
  language: 'typescript',
  program: 'auth-core',
  kind: 'web',
  client: 'confidential',
  callback: '/auth/callback/gatehouse',
})
// Some configurations of Auth.js read the person's claims from userinfo: `idToken: false`.
describeOpenIdClient({
  library: '@auth/core, claims from userinfo',
  language: 'typescript',
  program: 'auth-core',
  kind: 'web',
  client: 'confidential',
  callback: '/auth/callback/gatehouse',
  setUp: { from_userinfo: true },
})
