import { describeOpenIdClient } from './openid-client.js'

// It sends `Authorization: Basic` with an empty secret for a public client, and takes any change of the scope for an error.
describeOpenIdClient({
  library: 'requests-oauthlib',
  language: 'python',
  program: 'requests_oauthlib_client',
  kind: 'native',
  client: 'public',
  readsIdToken: false,
})
