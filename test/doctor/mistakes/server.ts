import { json, publicKey, serverMetadata } from '../deployment.js'
import { at, isServerMetadata, type Mistake, serverSays } from './mistake.js'

const openidPath = '/.well-known/openid-configuration'

/** Other members in the authorization server's document. */
function says(name: string, codes: readonly string[], changes: Record<string, unknown>, fix = ''): Mistake {
  return { name, codes, fix, plant: serverSays(() => changes) }
}

function issues(name: string, codes: readonly string[], issuer: (issuer: string) => unknown): Mistake {
  return { name, codes, plant: serverSays((site) => ({ issuer: issuer(site.issuer) })) }
}

function answers(name: string, codes: readonly string[], address: string, reply: ReturnType<typeof json>): Mistake {
  const [method = '', path = ''] = address.split(' ')
  return { name, codes, plant: () => at(method, path, reply) }
}

function keys(name: string, codes: readonly string[], ...published: readonly unknown[]): Mistake {
  return answers(name, codes, 'GET /jwks', json({ keys: published }))
}

const noStore = { 'cache-control': 'no-store' }

export const serverMistakes: readonly Mistake[] = [
  {
    name: 'no metadata of the authorization server',
    codes: ['server-metadata-missing'],
    fix: 'RFC 8414',
    plant: (site) => (asked) => (isServerMetadata(asked, site) ? json({}, 404) : undefined),
  },
  {
    name: 'OpenID Connect discovery only',
    codes: ['server-metadata-openid-only'],
    plant: (site) => (asked) =>
      isServerMetadata(asked, site) && asked.path !== openidPath ? json({}, 404) : undefined,
  },
  {
    name: 'two documents of the authorization server that disagree',
    codes: ['server-metadata-differs'],
    plant: ({ issuer }) =>
      at('GET', openidPath, json({ ...serverMetadata(issuer), client_id_metadata_document_supported: false })),
  },
  issues('no issuer', ['issuer-absent'], () => undefined),
  issues('the issuer of another server', ['issuer-other-host'], () => 'http://127.0.0.1:1'),
  issues('a slash at the end of the issuer', ['issuer-other-slash'], (issuer) => `${issuer}/`),
  issues('https in the issuer', ['issuer-other-scheme'], (issuer) => issuer.replace('http:', 'https:')),
  issues('a path in the issuer', ['issuer-other-path'], (issuer) => `${issuer}/realms/main`),
  issues('the issuer in capitals', ['issuer-other-case'], (issuer) => issuer.replace('localhost', 'LOCALHOST')),
  issues('an issuer that is no URL', ['issuer-other-text'], () => 'gatehouse'),
  says('the resource not declared', ['resource-not-declared'], { protected_resources: [] }, 'resources discover'),
  {
    name: 'the resource declared in another spelling',
    codes: ['resource-not-declared'],
    plant: serverSays(({ mcpOrigin }) => ({ protected_resources: [`${mcpOrigin}/MCP`] })),
  },
  says('no token endpoint', ['endpoint-absent'], { token_endpoint: undefined }),
  says('a relative endpoint', ['endpoint-not-url'], { revocation_endpoint: '/revoke' }),
  says('PKCE not announced', ['pkce-s256-missing'], { code_challenge_methods_supported: undefined }, 'S256'),
  says('PKCE plain', ['pkce-plain'], { code_challenge_methods_supported: ['plain', 'S256'] }),
  says('no code flow', ['response-type-code-missing'], { response_types_supported: ['none'] }),
  says('implicit flow', ['response-type-token'], { response_types_supported: ['code', 'id_token token'] }),
  says('no grant for codes', ['grant-type-code-missing'], { grant_types_supported: ['refresh_token'] }),
  says('no refresh', ['grant-type-refresh-missing'], { grant_types_supported: ['authorization_code'] }),
  says('secrets only', ['public-clients-missing'], { token_endpoint_auth_methods_supported: ['client_secret_post'] }),
  says('iss not announced', ['iss-not-announced'], { authorization_response_iss_parameter_supported: undefined }),
  says('unknown scopes', ['scope-unknown-to-server'], { scopes_supported: ['openid'] }, 'scopes_supported'),
  says('no way to register', ['no-registration'], {
    client_id_metadata_document_supported: undefined,
    registration_endpoint: undefined,
  }),
  says('no metadata documents', ['metadata-documents-missing'], { client_id_metadata_document_supported: false }),
  says('no dynamic registration', ['dynamic-registration-missing'], { registration_endpoint: undefined }),
  {
    name: 'registration for those with a token, and nothing else',
    codes: ['no-open-registration', 'registration-needs-token'],
    plant: (site) => {
      const document = serverSays(() => ({ client_id_metadata_document_supported: false }))(site)
      return (asked) => document(asked) ?? at('POST', '/register', json({ error: 'invalid_token' }, 401))(asked)
    },
  },
  answers('anybody is registered as anything', ['registration-takes-anything'], 'POST /register', json({}, 201)),
  answers('registration is not there', ['registration-not-found'], 'POST /register', json({}, 404)),
  answers('registration fails', ['registration-server-error'], 'POST /register', json({}, 500)),
  answers('registration is throttled', ['registration-throttled'], 'POST /register', json({}, 429)),
  answers(
    'registration answers in other words',
    ['registration-error-unreadable'],
    'POST /register',
    json({ error: { code: 400 } }, 400),
  ),
  answers('the token endpoint redirects', ['endpoint-moved'], 'POST /token', json({}, 301, { location: '/token/' })),
  answers('no authorization endpoint', ['endpoint-not-there'], 'GET /authorize', json({}, 404)),
  answers('the token endpoint fails', ['endpoint-breaks'], 'POST /token', json({}, 500)),
  answers('tokens for nothing', ['token-for-nothing'], 'POST /token', json({ access_token: 'x' }, 200, noStore)),
  answers('the token endpoint answers in other words', ['token-error-unreadable'], 'POST /token', {
    ...json({}, 400),
    body: 'Bad Request',
  }),
  answers(
    'the token endpoint lets caches store',
    ['token-answers-cached'],
    'POST /token',
    json({ error: 'invalid_grant' }, 400),
  ),
  answers('no keys at the address', ['keys-not-found'], 'GET /jwks', json({}, 404)),
  keys('no key', ['keys-none']),
  keys('a key without its members', ['key-unusable'], { kty: 'EC', kid: 'one' }),
  keys('a key of a made-up kind', ['key-unusable'], { kty: { toString: 1 }, kid: 'one' }),
  keys('a short key', ['key-short'], { kty: 'RSA', kid: 'rsa', e: 'AQAB', n: 'n'.repeat(171) }),
  keys('two keys of one name', ['keys-ambiguous'], publicKey, publicKey),
  keys('a private key', ['key-private'], { ...publicKey, d: 'secret' }),
]
