import { describeOpenIdClient } from './openid-client.js'

describeOpenIdClient({
  library: 'golang.org/x/oauth2 with go-oidc',
  language: 'go',
  program: 'gooidc',
  kind: 'native',
  client: 'confidential',
  namesScopeAtRefresh: false,
})
