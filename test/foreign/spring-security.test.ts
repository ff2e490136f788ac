import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: 'Spring Security (Nimbus)',
  language: 'java',
  program: 'foreign.SpringSecurityClient',
  kind: 'web',
  client: 'confidential',
  callback: '/login/oauth2/code/gatehouse',
})
