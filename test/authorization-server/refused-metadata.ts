/** Metadata that nobody may register, by whichever way it comes: creation (RFC 7591) and update (RFC 7592) share this table. */

export const web = { redirect_uris: ['https://client.example/cb'] }

export const refusedRedirects: readonly string[] = [
  // Schemes that run or open something, in any spelling.
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\tscript:alert(1)',
  'java\nscript:alert(1)',
  'javascript://client.example/%0aalert(1)',
  'vbscript:alert(1)',
  'data:text/html,x',
  'blob:https://client.example/1',
  'file:///etc/passwd',
  'view-source:https://client.example/',
  'intent://client.example/#Intent;end',
  'ws://client.example/cb',
  // Not absolute, or not what it looks like.
  '/cb',
  '',
  '//client.example/cb',
  'https:client.example/cb',
  'https:///client.example/cb',
  'https://client.example/cb#fragment',
  'https://client.example/cb#',
  'https://u:p@client.example/cb',
  'https://u@client.example/cb',
  'https://client.example\\@evil.example/cb',
  'https://*.client.example/cb',
  'https://client.example/*',
  'https://client.example/c b',
  'https://client.example/\u202ecb',
  'https://client.example/cb\u0000',
  'https://client.example/cb\r\nx: y',
  'https://clіent.example/cb',
  `https://client.example/${'x'.repeat(2_000)}`,
  // Plain http off this computer, or pretending to be on it.
  'http://client.example/cb',
  'http://localhost.evil.example/cb',
  'http://127.0.0.1.evil.example/cb',
  'http://127.0.0.1.nip.io/cb',
  'http://localhost@evil.example/cb',
  'http://localhost./cb',
  'http://127.0.0.1./cb',
  'http://localhost%2eevil.example/cb',
  'http://ｌocalhost/cb',
  'http://127。0。0。1/cb',
  'http://localhost\u0000.evil.example/cb',
  'http://0.0.0.0/cb',
  'http://0/cb',
  'http://127.0.0.2/cb',
  'http://127.1/cb',
  'http://0x7f.1/cb',
  'http://0177.0.0.1/cb',
  'http://2130706433/cb',
  'http://[::ffff:127.0.0.1]/cb',
  'http://[::ffff:7f00:1]/cb',
  'http://[0:0:0:0:0:0:0:1]/cb',
  'http://[::]/cb',
  'http://192.168.0.1/cb',
  // Private-use schemes that are not on the list, however close.
  'cursor://x',
  'cursor://anysphere.cursor-mcp/oauth/callback/',
  'cursor://anysphere.cursor-mcp/oauth/callback?x=1',
  'CURSOR://anysphere.cursor-mcp/oauth/callback',
  'com.example.app:/cb',
]

const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
const rsaKey = { kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: 'AQAB' }
const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index))

/** What a member that is a link may not be. */
const badLinks: readonly (readonly [what: string, link: unknown])[] = [
  ['that runs', 'javascript:alert(1)'],
  ['of another program', 'vscode://x'],
  ['with the picture inside', 'data:image/svg+xml,<svg onload=alert(1)>'],
  ['that is no address', 'client.example'],
  ['that is relative', '/logo.png'],
  ['that nobody filled in', 'undefined'],
  ['with a user', 'https://client.example@evil.example/'],
  ['with a backslash', 'https:\\\\evil.example'],
  ['that turns the reading order', 'https://client.example/\u202e'],
  ['with a NUL', 'https://client.example/\u0000'],
  ['that is a list', ['https://client.example']],
  ['that is no text', { href: 'https://client.example' }],
  ['that is a number', 7],
  ['of 2,100 characters', `https://client.example/${'x'.repeat(2_100)}`],
]

const linksOf = (names: readonly string[]) =>
  names.flatMap((name) => badLinks.map(([what, link]) => [`a ${name} ${what}`, name, link] as const))

/**
 * Displayed members that are no reason to refuse a registration, whatever is wrong with them (RFC 7591 §3.2.1), and what is
 * registered in their place; `undefined`: nothing.
 */
export const adjustedMetadata: readonly (readonly [what: string, member: string, given: unknown, kept?: unknown])[] = [
  ...linksOf(['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri']),
  ['contacts that are no list', 'contacts', 'ada@client.example'],
  ['contacts that are no text', 'contacts', [{ mail: 'ada@client.example' }]],
  ['a contact that turns the reading order', 'contacts', ['ada@client.example\u202e']],
  [
    'one email address among contacts',
    'contacts',
    [7, 'https://x.example', 'ada@client.example'],
    ['ada@client.example'],
  ],
  ['a contact of 400 characters', 'contacts', [`${'a'.repeat(400)}@client.example`]],
  ['21 contacts', 'contacts', many(21, (n) => `ada${n}@client.example`), many(20, (n) => `ada${n}@client.example`)],
  ['a name of 200 characters outside the basic plane', 'client_name', '🦀'.repeat(200), '🦀'.repeat(200)],
  ['a name of 201 characters outside the basic plane', 'client_name', '🦀'.repeat(201), '🦀'.repeat(200)],
  ['a name of 40 kB', 'client_name', 'x'.repeat(40_000), 'x'.repeat(200)],
  ['a name that is no text', 'client_name', { $ne: null }],
  ['a name that is a list', 'client_name', ['Claude']],
  ['a blank name', 'client_name', ' '],
  ['a name in another language', 'client_name#ja', 'クライアント'],
  ['a logo in another language', 'logo_uri#ja', 'data:,'],
  ['a software_id that is no text', 'software_id', { name: 'x' }],
  ['a software_version that is a number', 'software_version', 1.5, '1.5'],
  ['a software_version with an escape', 'software_version', '1.0\u001b[2J'],
  ['a software_version of 2,100 characters', 'software_version', '1'.repeat(2_100)],
]

/** Members that this server fetches. */
const badFetched = badLinks.map(([what, link]) => [`a jwks_uri ${what}`, { ...web, jwks_uri: link }] as const)

export const refusedMetadata: readonly (readonly [what: string, metadata: unknown])[] = [
  ['redirect_uris that are no list', { redirect_uris: 'https://client.example/cb' }],
  ['an empty list of redirect_uris', { redirect_uris: [] }],
  ['redirect_uris that are no text', { redirect_uris: [{ toString: 'x' }, 7, null] }],
  ['a thousand redirect_uris', { redirect_uris: many(1_000, (n) => `https://client.example/${n}`) }],
  ['21 redirect_uris', { redirect_uris: many(21, (n) => `https://client.example/${n}`) }],
  [
    'a post_logout_redirect_uri that is forbidden',
    { ...web, post_logout_redirect_uris: ['http://client.example/signed-out'] },
  ],
  ['a name that turns the reading order', { ...web, client_name: 'Claude\u202e' }],
  ['a name that isolates a direction', { ...web, client_name: '\u2067Claude\u2069' }],
  ['a name with a NUL', { ...web, client_name: 'Claude\u0000' }],
  ['a name with an escape', { ...web, client_name: 'Claude\u001b[31m' }],
  ['a name with a line break', { ...web, client_name: 'Claude\nVerified' }],
  ['a name with zero-width characters', { ...web, client_name: 'Cla\u200bude' }],
  ['a name with a soft hyphen', { ...web, client_name: 'Cla\u00adude' }],
  ['a name with an invisible code point that is not assigned', { ...web, client_name: 'Claude\u{e0fff}' }],
  ['a name with tag characters', { ...web, client_name: 'Claude\u{e0041}' }],
  ['a name with half a surrogate pair', `{"redirect_uris":["https://client.example/cb"],"client_name":"\\ud800"}`],
  ...badFetched,
  ['a long name that turns the reading order at its end', { ...web, client_name: `${'x'.repeat(300)}\u202e` }],
  ['a jwks_uri without TLS', { ...web, jwks_uri: 'http://client.example/jwks' }],
  ['a sector_identifier_uri without TLS', { ...web, sector_identifier_uri: 'http://client.example/sector' }],
  ['grant_types that are no list', { ...web, grant_types: 'authorization_code' }],
  ['grant_types that are no text', { ...web, grant_types: ['authorization_code', 7] }],
  ['21 grant_types', { ...web, grant_types: ['authorization_code', ...many(20, (n) => `grant-${n}`)] }],
  ['response_types that are no text', { ...web, response_types: ['code', null] }],
  ['an application_type nobody knows', { ...web, application_type: 'browser' }],
  [
    'a NUL in a member’s name of a key',
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'EC', kid: '\u0000' }] } },
  ],
  [
    'a key whose id turns the reading order',
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ ...key, kid: '\u202e' }] } },
  ],
  ...(
    [
      ['a modulus of 1024 bits', { n: Buffer.alloc(128, 0xff).toString('base64url') }],
      ['a modulus of 8192 bits', { n: Buffer.alloc(1_024, 0xff).toString('base64url') }],
      ['an exponent of 40 bits', { e: Buffer.alloc(5, 0xff).toString('base64url') }],
      ['an exponent of 3070 bits', { e: Buffer.alloc(384, 0x3f).toString('base64url') }],
    ] as const
  ).map(([what, members]): [string, Record<string, unknown>] => [
    `an RSA key with ${what}`,
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ ...rsaKey, ...members }] } },
  ]),
  [
    '11 keys',
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: Array.from({ length: 11 }, () => key) } },
  ],
  [
    '21 keys',
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: Array.from({ length: 21 }, () => key) } },
  ],
  [
    'a public client with client_credentials',
    { ...web, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
  ],
  ['a confidential client with client_credentials alone', { ...web, grant_types: ['client_credentials'] }],
  ['grants that nobody offers', { ...web, grant_types: ['password', 'implicit'] }],
  ['an unknown way to authenticate', { ...web, token_endpoint_auth_method: 'tls_client_auth' }],
  ['unsigned ID tokens', { ...web, id_token_signed_response_alg: 'none' }],
  ['private keys', { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ ...key, d: 'd' }] } }],
  [
    'more than 4 KiB of redirect_uris',
    { redirect_uris: many(20, (n) => `https://client.example/${n}/${'x'.repeat(200)}`) },
  ],
  [
    'more than 4 KiB in a key',
    { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ ...key, kid: 'x'.repeat(4_000) }] } },
  ],
  ['another member 20 levels deep', { ...web, jwks: JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) }],
]
