import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: 'Authlib (Starlette)',
  language: 'python',
  program: 'authlib_client',
  kind: 'web',
  client: 'confidential',
})
