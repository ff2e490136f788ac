/** Group A, classes 1 to 6: clients and redirects that are not what they seem, in links to the authorization endpoint. */
import { expect } from '@jest/globals'
import { redeem } from '../support/oauth-client.js'
import { onPage, type Row } from './authorization-world.js'
import { authorizationUrl, newCode, post } from './server-world.js'

const clients: readonly Row[] = [
  ...[
    ['a tag', '<script>alert(1)</script>'],
    ['an attribute that ends', '"><img src=x onerror=alert(1)>'],
    ['a template', '<%= 7*7 %>{{7*7}}#{7*7}'],
    ['SQL', "' OR 1=1--"],
    ['a member of every object', '__proto__'],
    ['a method of every object', 'constructor'],
    ['a path', '../../etc/passwd'],
    ['a line break', 'a\r\nSet-Cookie: x=1'],
    ['10 kB', 'x'.repeat(10_000)],
    ['text that runs backwards', 'website\u202e'],
    ['blanks around a real one', ' website '],
    ['a real one in another case', 'WEBSITE'],
    ['the beginning of a real one', 'websit'],
    ['a wildcard', '%'],
  ].map(([what, clientId]) =>
    onPage('A1', `client_id that is ${what}`, 'RFC 6749 §4.1.2.1, GO-2026-4861', { client_id: clientId }),
  ),
  onPage('A1', 'client_id as a list', 'RFC 6749 §4.1.2.1', { client_id: undefined, 'client_id[]': 'website' }),
  onPage('A1', 'client_id of a document that cannot be had', 'CIMD draft §4', { client_id: 'https://evil.example/x' }),
]

const redirects: readonly Row[] = [
  ...[
    ['a slash more', 'https://client.example/cb/'],
    ['a query', 'https://client.example/cb?next=x'],
    ['an empty query', 'https://client.example/cb?'],
    ['an empty fragment', 'https://client.example/cb#'],
    ['a fragment', 'https://client.example/cb#x'],
    ['the path in another case', 'https://client.example/CB'],
    ['the host in another case', 'https://CLIENT.example/cb'],
    ['the scheme in another case', 'HTTPS://client.example/cb'],
    ['the default port', 'https://client.example:443/cb'],
    ['another port', 'https://client.example:8443/cb'],
    ['http', 'http://client.example/cb'],
    ['an encoded letter', 'https://client.example/%63b'],
    ['an encoded dot', 'https://client.example/%2e/cb'],
    ['a way up', 'https://client.example/x/../cb'],
    ['a way up past a parameter', 'https://client.example/cb/..;/cb'],
    ['a slash encoded twice', 'https://client.example%252fcb'],
    ['two slashes', 'https://client.example//cb'],
    ['a backslash', 'https://client.example\\cb'],
    ['a user', 'https://user@client.example/cb'],
    ['the real host as a user', 'https://client.example@evil.example/cb'],
    ['many @', 'https://a@b@client.example@evil.example/cb'],
    ['the real host behind a fragment', 'https://evil.example#@client.example/cb'],
    ['the real host behind a backslash', 'https://evil.example\\@client.example/cb'],
    ['the real host as a label', 'https://client.example.evil.example/cb'],
    ['a host that ends alike', 'https://evilclient.example/cb'],
    ['a dot at the end of the host', 'https://client.example./cb'],
    ['a letter in place of the dot', 'https://clientxexample/cb'],
    ['a Cyrillic letter', 'https://cli\u0435nt.example/cb'],
    ['a full-width dot', 'https://client\uff0eexample/cb'],
    ['no slashes', 'https:client.example/cb'],
    ['three slashes', 'https:///client.example/cb'],
    ['no scheme', '//client.example/cb'],
    ['a path alone', '/cb'],
    ['a blank in front', ' https://client.example/cb'],
    ['a blank behind', 'https://client.example/cb '],
    ['a tab inside', 'https://client.example/c\tb'],
    ['a line break behind', 'https://client.example/cb\r\nX: 1'],
    ['a wildcard', 'https://*.example/cb'],
    ['null', 'null'],
  ].map(([what, redirectUri]) =>
    onPage('A2', `redirect_uri with ${what}`, 'RFC 9700 §4.1.3, CVE-2024-1132, CVE-2026-3872', {
      redirect_uri: redirectUri,
    }),
  ),
  onPage('A2', 'the redirect_uri of another client', 'CVE-2025-4143', { redirect_uri: 'https://stranger.example/cb' }),
  ...[
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)//https://client.example/cb',
    ' javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'about:blank',
    'blob:https://client.example/x',
    'view-source:https://client.example/cb',
  ].map((redirectUri) =>
    onPage('A4', `redirect_uri ${JSON.stringify(redirectUri)}`, 'CVE-2026-9086, RFC 9700 §4.1.3', {
      redirect_uri: redirectUri,
    }),
  ),
  ...[
    ['localhost in place of 127.0.0.1', 'http://localhost:41573/callback'],
    ['IPv6 in place of 127.0.0.1', 'http://[::1]:41573/callback'],
    ['another loopback address', 'http://127.0.0.2:41573/callback'],
    ['a short loopback address', 'http://127.1:41573/callback'],
    ['a loopback address as a number', 'http://2130706433:41573/callback'],
    ['a loopback address in hexadecimal', 'http://0x7f.0.0.1:41573/callback'],
    ['another path', 'http://127.0.0.1:49152/callback/x'],
    ['https', 'https://127.0.0.1:41573/callback'],
    ['a query', 'http://127.0.0.1:49152/callback?x=1'],
    ['a fragment', 'http://127.0.0.1:49152/callback#x'],
    ['port 65536', 'http://127.0.0.1:65536/callback'],
    ['a port that is none', 'http://127.0.0.1:x/callback'],
    ['the loopback address as a user', 'http://127.0.0.1:41573@evil.example/callback'],
    ['the loopback address as a label', 'http://127.0.0.1.evil.example:41573/callback'],
    ['a user', 'http://user@127.0.0.1:41573/callback'],
  ].map(([what, redirectUri]) =>
    onPage('A5', `loopback redirect_uri with ${what}`, 'RFC 8252 §7.3', { redirect_uri: redirectUri }, 'grant'),
  ),
  {
    id: 'A5',
    name: 'loopback redirect_uri with another port goes on, and the code is bound to that port',
    source: 'RFC 8252 §7.3, RFC 6749 §4.1.3',
    run: async (world) => {
      const moved = { ...world.grant, redirectUri: 'http://127.0.0.1:49152/callback' }
      const { code, codeVerifier } = await newCode(world, { by: moved })
      expect((await redeem(world.grant, code, codeVerifier)).error).toBe('invalid_grant')
      expect((await redeem(moved, code, codeVerifier)).status).toBe(200)
    },
  },
  onPage('A6', 'no redirect_uri, though one is registered', 'OpenID Connect Core §3.1.2.1', {
    redirect_uri: undefined,
  }),
  onPage('A6', 'an empty redirect_uri', 'OpenID Connect Core §3.1.2.1', { redirect_uri: '' }),
  onPage('A6', 'two redirect_uris, the first one real', 'RFC 6749 §3.1', {
    redirect_uri: ['https://client.example/cb', 'https://evil.example/'],
  }),
  onPage('A6', 'two redirect_uris, both real', 'RFC 6749 §3.1', {
    redirect_uri: ['https://client.example/cb', 'https://client.example/cb'],
  }),
  onPage('A10', 'two client_ids, both real', 'RFC 6749 §3.1', { client_id: ['website', 'website'] }),
  {
    id: 'A2',
    name: 'a redirect_uri that is not registered, pushed',
    source: 'RFC 9126 §2.1, RFC 9700 §4.1.3',
    run: async (world) => {
      const honest = Object.fromEntries(new URL(authorizationUrl(world)).searchParams)
      for (const redirectUri of ['https://evil.example/', 'http://127.0.0.1:41573/other', '', undefined]) {
        const { status, error } = await post(world, '/par', { ...honest, redirect_uri: redirectUri })
        expect([redirectUri, status, error]).toEqual([redirectUri, 400, expect.stringMatching(/^invalid_/)])
      }
    },
  },
]

export const attacks: readonly Row[] = [...clients, ...redirects]
