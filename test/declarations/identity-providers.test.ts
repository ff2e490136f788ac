import { describe, expect, it } from '@jest/globals'
import { exportedFile } from '../../src/declarations/exported-file.js'
import { toIdentityProvider } from '../../src/oauth/identity-provider.js'
import { mistakesOf, read } from './reading.js'

const entry = (members: string) =>
  `identity_providers:\n  - { id: work, name: Acme, client_id: gatehouse, ${members} }\n`

describe('identity_providers of a declaration file', () => {
  it.each<readonly [string, string, object]>([
    ['preset: entra, tenant: contoso.com', 'https://login.microsoftonline.com/contoso.com/v2.0', { preset: 'entra' }],
    ['preset: entra', 'https://login.microsoftonline.com/organizations/v2.0', { preset: 'entra' }],
    ['preset: google', 'https://accounts.google.com', { preset: 'google' }],
    ['preset: github, client_secret_file: s', 'https://github.com', { preset: 'github' }],
    ['preset: github, client_secret_file: s, issuer: "https://git.example.com"', 'https://git.example.com', {}],
    ['preset: gatehouse, issuer: "https://login.example.com"', 'https://login.example.com', { preset: 'gatehouse' }],
    ['issuer: "http://localhost:3000"', 'http://localhost:3000', { preset: undefined, createAccounts: false }],
    [
      'issuer: "https://a.example/x", authoritative_for: [Example.COM], create_accounts: true',
      'https://a.example/x',
      { authoritativeFor: ['example.com'], createAccounts: true },
    ],
  ])('%s', (members, issuer, more) => {
    const [provider] = read(entry(members)).providers
    expect(toIdentityProvider(provider?.value ?? {})).toMatchObject({ id: 'work', issuer, ...more })
  })

  const secrets = 'client_secret_file: s'
  it.each<readonly [string, readonly string[]]>([
    [
      'isuer: "https://a.example"',
      [
        '2:51: isuer is not a member: did you mean issuer?',
        '2:5: needs an issuer, or a preset that has one: entra, google or github',
      ],
    ],
    [
      'preset: okta',
      [
        '2:51: preset must be one of entra, google, github, gatehouse',
        '2:5: needs an issuer, or a preset that has one: entra, google or github',
      ],
    ],
    ['preset: gatehouse', ['2:5: needs an issuer, or a preset that has one: entra, google or github']],
    [
      'issuer: "http://a.example"',
      ['2:51: issuer must be an https URL without query and fragment, unless it is on localhost'],
    ],
    [
      'issuer: "https://a.example/?x"',
      ['2:51: issuer must be an https URL without query and fragment, unless it is on localhost'],
    ],
    [
      'issuer: "https://u:p@a.example"',
      ['2:51: issuer must be an https URL without query and fragment, unless it is on localhost'],
    ],
    [
      'issuer: "https://a.example/.well-known/openid-configuration"',
      ['2:51: issuer must be an https URL without query and fragment, unless it is on localhost'],
    ],
    ['preset: google, tenant: x', ['2:67: tenant is for the preset entra alone']],
    [
      'preset: entra, authoritative_for: [example.com]',
      ['2:66: authoritative_for needs a tenant: without one, every organisation of Entra could speak for the domain'],
    ],
    [
      'preset: google, authoritative_for: ["@example.com"]',
      ['2:67: authoritative_for must be a list of domains such as example.com'],
    ],
    ['preset: google, create_accounts: yes please', ['2:67: create_accounts must be true or false']],
    [
      'preset: google, client_secret: hunter2',
      ['2:67: client_secret does not belong here: use client_secret_file or client_secret_env'],
    ],
    [
      `preset: google, ${secrets}, client_secret_env: X`,
      ['2:90: client_secret_file and client_secret_env exclude each other'],
    ],
    ['preset: google, client_secret_env: NOT_THERE', ['2:67: client_secret_env: NOT_THERE is not set']],
    ['preset: github', ['2:5: needs client_secret_file or client_secret_env: GitHub has no public clients']],
  ])('refuses %s', (members, expected) => {
    expect(mistakesOf(entry(members))).toEqual(
      expected
        .map((line) => `gatehouse.yaml:${line}`)
        .sort((one, other) => Number(one.split(':')[2]) - Number(other.split(':')[2])),
    )
  })

  it('puts people into declared groups alone', () => {
    const mapped = entry('preset: google, groups: { claim: groups, map: { sales: support } }')
    expect(mistakesOf(mapped)).toEqual([
      'gatehouse.yaml:2:99: groups.map names the group support, which is not declared',
    ])
    expect(mistakesOf(`${mapped}groups:\n  - { name: support }\n`)).toEqual([])
  })

  it('refuses two of one id, and two of one issuer', () => {
    const twice = `${entry('preset: google')}  - { id: work, name: Other, client_id: b, preset: google }\n`
    expect(mistakesOf(twice)).toEqual([
      'gatehouse.yaml:3:5: issuer https://accounts.google.com is named twice',
      'gatehouse.yaml:3:7: id work is named twice',
    ])
  })

  it('keeps the secret apart, and exports where it comes from', () => {
    const [provider] = read(entry('client_secret_env: WORKER_SECRET, preset: google')).providers
    expect(provider?.secret).toBe('another-secret-of-24-characters')
    expect(JSON.stringify(provider?.value)).not.toContain('another-secret')
    const stored = { ...provider?.value, client_secret: 'sealed' }
    const text = exportedFile({ resources: [], groups: [], clients: [], issuers: [], providers: [stored] })
    expect(text).not.toContain('sealed')
    expect(read(text).providers.map(({ value }) => value)).toEqual([provider?.value])
  })

  it('reads no secret in the copy beside an MCP server', () => {
    expect(read(entry('preset: google, client_secret_env: NOT_THERE'), { withClients: false }).providers).toHaveLength(
      1,
    )
  })
})
