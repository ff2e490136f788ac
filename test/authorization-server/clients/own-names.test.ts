/** What the operator's domain is called, as a name that strangers must not have; and names that must stay unsuspected beside it. */
import { describe, expect, it } from '@jest/globals'
import { hasOneOwner, subdomainOf } from '../../../src/authorization-server/clients/host-owners.js'
import { ownNames, warningAbout } from '../../../src/authorization-server/clients/name-warnings.js'
import { officialWordInHost } from '../../../src/authorization-server/clients/official-words.js'

function ownAt(issuer: string) {
  return ownNames({ productName: 'Gatehouse', issuer, resources: [{ name: 'Records', url: `${issuer}/mcp` }] })
}

const evil = 'h1.evil-apps.com'
const ofExample = { kind: 'operator', name: 'example.com' }
const ofAcme = { kind: 'operator', name: 'acme.co.uk' }

describe('The label of the operator’s domain, as a name', () => {
  it.each<[string, string, unknown]>([
    ['https://auth.example.com', 'Example', ofExample],
    ['https://auth.example.com', 'Example Auth', ofExample],
    ['https://auth.example.com', 'example-login', ofExample],
    ['https://auth.example.com', 'The Example App', ofExample],
    ['https://auth.example.com', 'Еxаmple ID', ofExample],
    ['https://auth.example.com', 'Exampel', ofExample],
    ['https://auth.example.com:8443', 'EXAMPLE', ofExample],
    ['https://auth.example.com', 'Example™', ofExample],
    ['https://auth.example.com', 'Example v2.0', ofExample],
    ['https://auth.example.com', 'ExampleAuth', ofExample],
    ['https://auth.example.com', 'myexample', ofExample],
    ['https://auth.example.com', 'Example Pro', ofExample],
    ['https://auth.example.com', 'Example Records', ofExample],
    ['https://auth.acme.co.uk', 'Acme Ltd', ofAcme],
    ['https://auth.acme.co.uk', 'Acme Assistant', ofAcme],
    ['https://auth.acme.co.uk', 'Acme Support', ofAcme],
    ['https://auth.acme.co.uk', 'Acme IT', ofAcme],
    ['https://login.acme-tools.com', 'Acme Tools', { kind: 'operator', name: 'acme-tools.com' }],
    ['https://auth.xn--bcher-kva.example', 'Bücher', { kind: 'operator', name: 'xn--bcher-kva.example' }],
  ])('%s: %s is flagged', (issuer, name, expected) => {
    expect(warningAbout(name, ownAt(issuer))).toEqual(expected)
    expect(warningAbout(name, ownAt(issuer), evil)).toEqual(expected)
  })

  it.each([
    ['https://auth.example.com', 'Slack connector for Example'],
    ['https://auth.example.com', 'Examples'],
    ['https://auth.example.com', 'Sample reader'],
    ['https://auth.acme.co.uk', 'Acmeist poems'],
    ['https://auth.acme.co.uk', 'Pacman'],
    ['https://auth.acme.co.uk', 'Acmeilla'],
    ['https://auth.acme.co.uk', 'Field notes'],
    // Labels that say what is there.
    ['https://auth.app.com', 'App'],
    ['https://auth.app.com', 'My App'],
    ['https://auth.dev.com', 'Dev client'],
    ['https://auth.my.com', 'My client'],
    ['https://notes.dev', 'My notes'],
    ['https://auth.home.net', 'Home'],
    ['https://auth.cloud.com', 'Cloud Sync'],
    ['https://x.com', 'X'],
    ['https://auth.hp.com', 'HP'],
    // Hosts that belong to nobody, or to a tenant.
    ['https://acme.vercel.app', 'Acme'],
    ['https://acme.trycloudflare.com', 'Acme'],
    ['https://acme.ngrok-free.app', 'Acme'],
    ['http://localhost:3000', 'Localhost'],
    ['http://127.0.0.1:3000', '127'],
    ['https://203.0.113.5', '203'],
    ['https://auth.acme.local', 'Acme'],
  ])('%s: %s is not', (issuer, name) => {
    expect(warningAbout(name, ownAt(issuer))).toBeUndefined()
    expect(warningAbout(name, ownAt(issuer), 'paperclip.dev')).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['example.evil.com', ofExample],
    ['example-auth.com', ofExample],
    ['login.example-apps.io', ofExample],
    ['client.example', undefined],
    ['examples.io', undefined],
    ['apps.example.com', undefined],
  ])('a document on %s, for https://auth.example.com', (host, expected) => {
    expect(warningAbout('Paperclip', ownAt('https://auth.example.com'), host)).toEqual(expected)
  })
})

describe('A word in a host that sounds official', () => {
  it.each([
    ['login.evil.com', 'login'],
    ['account-security.evil.com', 'security'],
    ['security.evil.com', 'security'],
    ['evil.support', 'support'],
    ['secure-login.com', 'login'],
    ['auth.vendor.com', 'auth'],
    ['id-verify.evil.com', 'verify'],
    ['sso.vendor.co.uk', 'sso'],
    ['sign-in.vendor.com', 'signin'],
    ['blog.inventor.com', undefined],
    ['author.example.com', undefined],
    ['badminton.example.com', undefined],
    ['api.vendor.com', undefined],
    ['mcp.vendor.com', undefined],
    ['trustworthy.org', undefined],
    ['vendor.com', undefined],
    ['localhost', undefined],
  ])('%s: %s', (host, word) => expect(officialWordInHost(host)).toBe(word))
})

describe('Whose a host is', () => {
  it.each([
    ['login.evil.com', 'login.'],
    ['a.b.evil.co.uk:8443', 'a.b.'],
    ['evil.com', ''],
    ['evil.com:8443', ''],
    ['x.vercel.app', ''],
    ['x.atlassian.net', ''],
    ['x.eastus.cloudapp.azure.com', ''],
    ['x.okta.com', ''],
    ['localhost:3000', ''],
    ['127.0.0.1:3000', ''],
    ['[::1]:3000', ''],
  ])('%s: “%s” is the owner’s choice', (host, below) => expect(subdomainOf(host)).toBe(below))

  it.each([
    ['claude.ai', true],
    ['client.example', true],
    ['ada.github.io', false],
    ['localhost', false],
    ['x.localhost', false],
    ['localhost.localdomain', false],
    ['printer.local', false],
    ['intranet', false],
    ['lvh.me', false],
    ['127.0.0.1', false],
    ['[::1]', false],
  ])('%s has one owner: %s', (host, expected) => expect(hasOneOwner(host)).toBe(expected))
})
