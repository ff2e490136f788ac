import { describe, expect, it } from '@jest/globals'
import { parseConfig } from '../../src/config/config.js'
import { settings } from '../../src/config/settings.js'
import { mistakesOf, noFiles } from './config-mistakes.js'

/** What people do to a name: a letter lost, doubled or swapped, an underscore lost, a plural, another case, words in another order. */
function misspellings(name: string): string[] {
  const middle = Math.floor(name.length / 2)
  const words = name.split('_')
  return [
    name.slice(0, middle) + name.slice(middle + 1),
    name.slice(0, middle) + name.charAt(middle) + name.slice(middle),
    // In four letters, two that are swapped are half of the name.
    name.length < 6
      ? name
      : name.slice(0, middle - 1) + name.charAt(middle) + name.charAt(middle - 1) + name.slice(middle + 1),
    name.replace('_', ''),
    name.endsWith('S') ? name.slice(0, -1) : `${name}S`,
    name.toLowerCase(),
    [...words.slice(1), words[0]].join('_'),
  ].filter((spelling) => !(spelling in settings))
}

function complaintsAbout(name: string): readonly string[] {
  const environment = { [name]: 'x' }
  const mistakes = mistakesOf(environment)
  return mistakes.length > 0 ? mistakes : parseConfig(environment, noFiles).settingWarnings
}

describe('Settings: misspelt names', () => {
  const names = Object.keys(settings)

  it.each(names)('%s is named for each of its misspellings', (name) => {
    for (const spelling of misspellings(name)) {
      const complaints = complaintsAbout(spelling)
      expect({ spelling, complaints }).toEqual({
        spelling,
        complaints: [expect.stringMatching(new RegExp(`^${spelling} is not a setting: did you mean [A-Za-z_]+\\?$`))],
      })
      // Two settings may be equally near: KEY_LEAD_SECOND is one letter from one name only.
      if (name.length > 8) expect(complaints.join()).toContain(name)
    }
  })

  it.each([
    ['TRUSTED_PROXYS', 'TRUSTED_PROXIES'],
    ['ENCRYPTION_KEYS', 'ENCRYPTION_KEY'],
    ['DATABASE_POOLSIZE', 'DATABASE_POOL_SIZE'],
    ['ISSUER_URI', 'ISSUER_URL'],
    ['ISUER_URL', 'ISSUER_URL'],
    ['GATEHOUSE_ISSUER_URL', 'ISSUER_URL'],
    ['BOOTSTRAP_PASSWRD', 'BOOTSTRAP_PASSWORD'],
    ['ENCRYPTION_KEY_FILES', 'ENCRYPTION_KEY_FILE'],
    ['ISSUER_URL_FILE', undefined],
    ['ISSUER', undefined],
    ['ACCESS_TOKEN_TTL', undefined],
    ['REGISTRATION_OPEN', undefined],
    ['dangerouslyAllowEverything', undefined],
  ])('%s keeps a server from starting', (name, meant) => {
    const sentence =
      meant === undefined ? `${name} is not a setting` : `${name} is not a setting: did you mean ${meant}?`
    expect(mistakesOf({ [name]: 'x' })).toEqual([sentence])
  })

  it.each(['API_KEY', 'LOGLEVEL', 'HOSTS', 'READONLY'])('%s may be another program’s: a warning', (name) => {
    expect(mistakesOf({ [name]: 'x' })).toEqual([])
    expect(parseConfig({ [name]: 'x' }, noFiles).settingWarnings).toEqual([
      expect.stringMatching(`^${name} is not a setting: did you mean `),
    ])
  })

  it('leaves other programs’ variables alone, and what Kubernetes sets for Services', () => {
    const others = {
      ...{ PATH: '/bin', SESSION_MANAGER: 'x', NODE_ENV: 'test', npm_package_name: 'x', HOME: '/', HOSTNAME: 'x' },
      ...{
        LANG: 'C',
        TERM: 'x',
        SHELL: 'x',
        USER: 'x',
        PGDATA: 'x',
        XDG_DATA_DIRS: 'x',
        DATABASE_HOST: 'x',
        PORT: '1',
      },
      ...{ GATEHOUSE_SERVICE_HOST: '10.0.0.1', GATEHOUSE_SERVICE_PORT_HTTP: '3000' },
      ...{ GATEHOUSE_PORT: 'tcp://10.0.0.1:3000', GATEHOUSE_PORT_3000_TCP_ADDR: '10.0.0.1', ISSUER_PORT_80_TCP: 'x' },
      ...{ ISSUER_ULR: '' },
    }
    expect(mistakesOf(others)).toEqual([])
    expect(parseConfig(others, noFiles).settingWarnings).toEqual([])
  })

  it.each(['AUTH_PORT', 'MCP_PORT', 'METRICS_PORT'])('%s from a Kubernetes service link is explained', (name) => {
    expect(mistakesOf({ [name]: 'tcp://10.0.0.1:3000' })).toEqual([
      expect.stringMatching(`^${name} was set by Kubernetes .*enableServiceLinks`),
    ])
  })
})

describe('Settings: values without effect', () => {
  const server = { DATABASE_URL: 'postgresql://db/auth' }

  it.each([
    [{ RESOURCE_ALIASES: 'http://localhost:4000/mcp' }, 'RESOURCE_ALIASES', {}],
    [{ DATABASE_POOLER: 'transaction' }, 'DATABASE_POOLER', server],
    [{ DATABASE_POOL_SIZE: '20' }, 'DATABASE_POOL_SIZE', server],
    [{ DATABASE_QUEUE_LIMIT: '50' }, 'DATABASE_QUEUE_LIMIT', { NOTES_DATABASE_URL: 'postgresql://db/notes' }],
    [
      { CLIENT_METADATA_ALLOWED_HOSTS: 'a.example.com', CLIENT_METADATA_DENIED_HOSTS: '*.example.com' },
      'CLIENT_METADATA_ALLOWED_HOSTS',
      { CLIENT_METADATA_DENIED_HOSTS: '*.a.example.com' },
    ],
    [
      { CLIENT_METADATA_ALLOWED_HOSTS: '*.a.example.com', CLIENT_METADATA_DENIED_HOSTS: '*.example.com' },
      'CLIENT_METADATA_ALLOWED_HOSTS',
      { CLIENT_METADATA_DENIED_HOSTS: 'a.example.com' },
    ],
  ])('%j is refused, by the name of %s', (environment, name, mending) => {
    expect(mistakesOf(environment)).toEqual([expect.stringMatching(`^${name} has no effect`)])
    const mended = {
      ...environment,
      ...(name === 'RESOURCE_ALIASES' ? { [name]: 'http://localhost:4000/old' } : mending),
    }
    expect(mistakesOf(mended)).toEqual([])
  })

  it.each(['1.2.3', '0x7f.1', '*.1', 'EXAMPLE.com', 'bücher.example'])('no host is ever called %s', (host) => {
    expect(mistakesOf({ CLIENT_METADATA_ALLOWED_HOSTS: host })).toEqual([
      expect.stringMatching(/^CLIENT_METADATA_ALLOWED_HOSTS must list hosts/),
    ])
  })
})
