import { describe, expect, it } from '@jest/globals'
import { describeConfig, parseConfig, settingsTable } from '../../src/config/config.js'
import { settings } from '../../src/config/settings.js'
import { mistakesOf, noFiles } from './config-mistakes.js'

describe('Settings: defaults', () => {
  it('need nothing in the environment', () => {
    const config = parseConfig({}, noFiles)
    expect(config).toMatchObject({
      ISSUER_URL: 'http://localhost:3000',
      RESOURCE_URL: 'http://localhost:4000/mcp',
      HOST: '127.0.0.1',
      DATA_DIR: './data',
      ACCESS_TOKEN_FORMAT: 'jwt',
      ACCESS_TOKEN_TTL_SECONDS: 600,
      registrationMode: 'open',
      LOG_LEVEL: 'info',
      authPort: 3000,
      mcpPort: 4000,
      issuerIsLoopback: true,
      dangerouslyAllowLoopbackClientMetadata: false,
    })
    expect(config.DATABASE_URL).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('hold for variables that are set but empty', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
    expect(parseConfig({ ...empty, DATABASE_URL_FILE: '' }, noFiles)).toEqual(parseConfig({}, noFiles))
  })

  it('leave other programs’ variables alone', () => {
    expect(mistakesOf({ PATH: '/bin', SESSION_MANAGER: 'x', NODE_ENV: 'test', npm_package_name: 'x' })).toEqual([])
  })
})

describe('Settings: values', () => {
  it.each([
    ['ISSUER_URL', 'http://localhost:3000/', 'http://localhost:3000'],
    ['ISSUER_URL', 'https://auth.example.com/tenant', 'https://auth.example.com/tenant'],
    ['ISSUER_URL', 'http://localhost:3000/auth/', 'http://localhost:3000/auth'],
    ['RESOURCE_URL', 'HTTPS://mcp.example.com/mcp', undefined],
    [
      'RESOURCE_ALIASES',
      'https://OLD.example.com:443/mcp/, http://localhost:4100/mcp',
      ['https://old.example.com/mcp', 'http://localhost:4100/mcp'],
    ],
    ['RESOURCE_URL', 'http://LOCALHOST:4000/mcp/', 'http://localhost:4000/mcp'],
    ['TRUSTED_PROXIES', '10.0.0.0/8, ::1 ,', ['10.0.0.0/8', '::1']],
    ['TRUSTED_PROXIES', 'fc00::/7, ::ffff:10.0.0.0/104', ['fc00::/7', '::ffff:10.0.0.0/104']],
    ['MIGRATE_ON_START', 'false', false],
    ['ACCENT_COLOR', '#ABCDEF', '#abcdef'],
    ['TERMS_URL', 'https://example.com/terms?of=use', 'https://example.com/terms?of=use'],
    ['SUPPORT_CONTACT', 'help+desk@example.com', 'help+desk@example.com'],
    ['SUPPORT_CONTACT', 'https://example.com', 'https://example.com/'],
    ['BOOTSTRAP_EMAIL', 'Ada@Example.com', 'ada@example.com'],
    ['REFRESH_GRACE_SECONDS', '0', 0],
  ] as const)('%s=%s', (name, value, expected) => {
    const environment = { [name]: value, ...(name === 'BOOTSTRAP_EMAIL' ? { BOOTSTRAP_PASSWORD: 'x' } : {}) }
    if (expected === undefined) expect(mistakesOf(environment)).toHaveLength(1)
    else expect(parseConfig(environment, noFiles)[name]).toEqual(expected)
  })

  it.each([
    ['ISSUER_URL', 'localhost:3000'],
    ['ISSUER_URL', '/auth'],
    ['ISSUER_URL', 'ftp://localhost'],
    ['ISSUER_URL', 'http://auth.example.com'],
    ['ISSUER_URL', 'https://auth.example.com?x=1'],
    ['ISSUER_URL', 'https://auth.example.com?'],
    ['ISSUER_URL', 'https://auth.example.com#x'],
    ['ISSUER_URL', 'https://ada@auth.example.com'],
    ['ISSUER_URL', 'https://:secret@auth.example.com'],
    ['ISSUER_URL', 'http://localhost:3000 '],
    ['ISSUER_URL', 'http://localhost.evil.example'],
    ['ISSUER_URL', 'http://127.0.0.1.evil.example'],
    ['ISSUER_URL', 'https:\\\\auth.example.com'],
    ['ISSUER_URL', 'https://AUTH.example.com'],
    ['ISSUER_URL', 'https://auth.example.com:443'],
    ['ISSUER_URL', 'https://auth.example.com/a/../b'],
    ['ISSUER_URL', 'https://auth.example.com//a'],
    ['ISSUER_URL', 'https://auth.example.com/a;b'],
    ['RESOURCE_ALIASES', 'https://old.example.com/mcp,https://old.example.com'],
    ['RESOURCE_ALIASES', 'http://old.example.com/mcp'],
    ['ISSUER_MIRROR', 'no'],
    ['RESOURCE_URL', 'http://localhost:4000'],
    ['RESOURCE_URL', 'http://localhost:4000/'],
    ['RESOURCE_URL', 'http://localhost:4000/mcp#x'],
    ['RESOURCE_URL', 'http://mcp.example.com/mcp'],
    ['ISSUER_INTERNAL_URL', 'auth:3000'],
    ['REGISTRATION', 'tokens'],
    ['REGISTRATION_LIMIT_TOTAL', '0'],
    ['IDLE_CLIENT_DAYS', '0.5'],
    ['AUTH_PORT', '70000'],
    ['AUTH_PORT', '-1'],
    ['AUTH_PORT', '3000.5'],
    ['AUTH_PORT', '0x10'],
    ['AUTH_PORT', ' 80'],
    ['TRUSTED_PROXIES', 'proxy.example.com'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', '10.0.0.1,*'],
    ['TRUSTED_PROXIES', '0.0.0.0/0'],
    ['TRUSTED_PROXIES', '10.0.0.1,::/0'],
    ['TRUSTED_PROXIES', '::/8'],
    ['TRUSTED_PROXIES', '::/64'],
    ['TRUSTED_PROXIES', '128.0.0.0/1'],
    ['TRUSTED_PROXIES', '2000::/3'],
    ['TRUSTED_PROXIES', '2000::/7'],
    ['TRUSTED_PROXIES', '2600::/12'],
    ['TRUSTED_PROXIES', '2a00::/18'],
    ['TRUSTED_PROXIES', 'fc00::/6'],
    ['TRUSTED_PROXIES', 'fe80::/9'],
    ['TRUSTED_PROXIES', '2002::/16'],
    ['TRUSTED_PROXIES', '64:ff9b::/96'],
    ['TRUSTED_PROXIES', '64:ff9b:1::/48'],
    ['TRUSTED_PROXIES', '::ffff:0:0/96'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'postgresql://'],
    ['DATABASE_URL', 'postgresql://gatehouse:secret@10.0.0.11:5432,10.0.0.12:5432/auth'],
    ['NOTES_DATABASE_URL', 'postgresql://10.0.0.11,10.0.0.12/notes'],
    ['DATABASE_URL', 'postgresql:///auth?host=10.0.0.11,10.0.0.12'],
    ['DATABASE_URL', 'postgresql:///auth?user=gatehouse&host=10.0.0.11%2C10.0.0.12'],
    ['MIGRATE_ON_START', 'yes'],
    ['ENCRYPTION_KEY', 'short'],
    ['ENCRYPTION_KEY', ','],
    ['ENCRYPTION_KEY', `${'k'.repeat(43)},short`],
    ['ENCRYPTION_KEY', 'not base64url but long enough to hold thirty-two bytes!'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_LEVEL', 'constructor'],
    ['ACCESS_TOKEN_FORMAT', 'JWT'],
    ['ACCESS_TOKEN_TTL_SECONDS', '5'],
    ['REFRESH_GRACE_SECONDS', '3600'],
    ['REGISTRATION', 'maybe'],
    ['CLIENT_ID_METADATA_DOCUMENTS', '1'],
    ['ALLOWED_PRIVATE_USE_REDIRECTS', 'javascript:alert(1)'],
    ['ALLOWED_PRIVATE_USE_REDIRECTS', 'https://client.example/cb'],
    ['ALLOWED_PRIVATE_USE_REDIRECTS', 'cursor'],
    ['PRODUCT_NAME', '<b>Gate</b>'],
    ['PRODUCT_NAME', 'Gate\u202ehouse'],
    ['PRODUCT_NAME', 'x'.repeat(61)],
    ['ACCENT_COLOR', 'blue'],
    ['TERMS_URL', 'https://user:secret@example.com/'],
    ['PRIVACY_URL', 'data:text/html,x'],
    ['SUPPORT_CONTACT', 'help@example.com?bcc=x@example.com'],
    ['SUPPORT_CONTACT', 'javascript:alert(1)//@example.com'],
    ['ACCENT_COLOR', '#fff'],
  ])('%s refuses %j, and says so by name', (name, value) => {
    expect(mistakesOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} `))])
  })

  it.each([
    ['postgresql://gatehouse:a,b@db/auth'],
    ['postgres://db/auth?application_name=a,b'],
    ['postgresql:///auth?host=/var/run/postgresql'],
  ])('DATABASE_URL may be %s', (url) => expect(parseConfig({ DATABASE_URL: url }, noFiles).DATABASE_URL).toBe(url))

  it('never repeats a secret in its complaint', () => {
    const secret = 'postgres-password-in-a-wrong-url'
    expect(mistakesOf({ DATABASE_URL: secret, ENCRYPTION_KEY: `${secret} !` }).join()).not.toContain(secret)
  })
})

describe('Settings: mistakes', () => {
  it('are reported all at once', () => {
    const environment = {
      ISSUER_URL: 'http://auth.example.com',
      AUTH_PORT: 'x',
      LOG_LEVEL: 'loud',
      BOOTSTRAP_EMAIL: 'ada@example.com',
      ISSUER_ULR: 'http://localhost',
    }
    expect(mistakesOf(environment)).toEqual([
      'ISSUER_ULR is not a setting: did you mean ISSUER_URL?',
      'ISSUER_URL must be https unless its host is localhost',
      'AUTH_PORT must be a whole number from 0 to 65535',
      'LOG_LEVEL must be one of debug, info, warn, error, silent',
      'BOOTSTRAP_EMAIL and BOOTSTRAP_PASSWORD must be set together',
    ])
    expect(() => parseConfig(environment, noFiles)).toThrow(/^5 settings are wrong:\n {2}ISSUER_ULR/)
    expect(() => parseConfig({ AUTH_PORT: 'x' }, noFiles)).toThrow(/^one setting is wrong:\n/)
  })
})

describe('Settings: secrets from files', () => {
  const files = (path: string): string => (path === '/run/secrets/db' ? 'postgresql://db/auth\n' : noFiles(path))

  it('reads the file a _FILE variable names, without its last line break', () => {
    expect(parseConfig({ DATABASE_URL_FILE: '/run/secrets/db' }, files).DATABASE_URL).toBe('postgresql://db/auth')
  })

  it('judges what the file holds', () => {
    expect(mistakesOf({ DATABASE_URL_FILE: '/x' }, () => 'nothing')).toEqual([
      'DATABASE_URL must be a postgresql:// URL',
    ])
  })

  it('refuses a variable together with its file, and a file that cannot be read', () => {
    expect(
      mistakesOf(
        { DATABASE_URL: 'postgresql://x/y', DATABASE_URL_FILE: '/run/secrets/db', ENCRYPTION_KEY_FILE: '/no' },
        files,
      ),
    ).toEqual(['DATABASE_URL and its _FILE form are both set', expect.stringMatching(/^ENCRYPTION_KEY cannot be read/)])
  })
})

describe('Settings: relations', () => {
  it('refuses to fetch client metadata from loopback for an issuer that is public', () => {
    const dangerous = { dangerouslyAllowLoopbackClientMetadata: 'true' }
    expect(mistakesOf(dangerous)).toEqual([])
    expect(mistakesOf({ ...dangerous, ISSUER_URL: 'https://auth.example.com' })).toEqual([
      'dangerouslyAllowLoopbackClientMetadata is refused: ISSUER_URL is not on localhost',
    ])
  })

  it('wants credentials for introspection, and both of them', () => {
    expect(mistakesOf({ ACCESS_TOKEN_FORMAT: 'opaque' })).toHaveLength(1)
    expect(mistakesOf({ INTROSPECTION_CLIENT_SECRET: 'x' })).toHaveLength(1)
    const both = { INTROSPECTION_CLIENT_ID: 'rs', INTROSPECTION_CLIENT_SECRET: 'x' }
    expect(mistakesOf({ ACCESS_TOKEN_FORMAT: 'opaque', ...both })).toEqual([])
  })
})

describe('Settings: what is shown', () => {
  const secrets = {
    DATABASE_URL: 'postgresql://gatehouse:hush-database@db/auth',
    NOTES_DATABASE_URL: 'postgresql://gatehouse:hush-notes@db/notes',
    ENCRYPTION_KEY: 'hush-key-hush-key-hush-key-hush-key-hush-key',
    BOOTSTRAP_EMAIL: 'ada@example.com',
    BOOTSTRAP_PASSWORD: 'hush-password',
    INTROSPECTION_CLIENT_ID: 'rs',
    INTROSPECTION_CLIENT_SECRET: 'hush-secret',
  }

  it('masks every secret, and tells unset from set', () => {
    const shown = describeConfig(parseConfig(secrets, noFiles))
    expect(JSON.stringify(shown)).not.toContain('hush')
    expect(Object.fromEntries(shown)).toMatchObject({ DATABASE_URL: '********', BOOTSTRAP_EMAIL: 'ada@example.com' })
    const unset = Object.fromEntries(describeConfig(parseConfig({}, noFiles)))
    expect(unset['DATABASE_URL']).toBe('(unset)')
    // What follows from other settings is in force too.
    expect(unset).toMatchObject({ REGISTRATION: 'open', AUTH_PORT: '3000', MCP_PORT: '4000' })
    expect(shown.map(([name]) => name)).toEqual(Object.keys(settings))
  })

  it('documents every setting in the table', () => {
    const table = settingsTable()
    for (const [name, { doc }] of Object.entries(settings)) {
      expect(table).toContain(`| \`${name}\` |`)
      expect(doc).toMatch(/\.$/)
    }
  })
})
