/** Group F: redirect URIs that nobody may register. */
import { expect } from '@jest/globals'
import { opens, register } from '../authorization-server/registration-requests.js'
import { https, type Id, type Row, refused } from './registration-world.js'

/** Alone they make no client; behind a good one they are left out, and no code ever goes there. */
const refusedRedirects = (id: Id, name: string, source: string, uris: readonly string[]): Row => {
  const alone = refused(
    id,
    name,
    source,
    [...uris.map((uri) => [uri]), uris].map((given) => ({ redirect_uris: given })),
  )
  return {
    ...alone,
    run: async (world) => {
      await alone.run(world)
      const { server } = world
      // The bad one may hide behind a good one.
      for (const members of [{}, { application_type: 'native', token_endpoint_auth_method: 'none' }]) {
        const { status, body } = await register(server, { ...members, redirect_uris: [https, ...uris] })
        expect([status, body['redirect_uris']]).toEqual([201, [https]])
        for (const uri of uris.slice(0, 3))
          expect([uri, await opens(server, body['client_id'], uri)]).toEqual([uri, 400])
        expect(await opens(server, body['client_id'], https)).toBe(200)
      }
    },
  }
}

export const attacks: readonly Row[] = [
  refusedRedirects('F91', 'schemes that run, behind invisible characters', 'CVE-2026-9086, CVE-2026-22752', [
    '\u0001javascript:alert(1)',
    'java\u0000script:alert(1)',
    'java\u200bscript:alert(1)',
    '\ufeffjavascript:alert(1)',
    '\u3000javascript:alert(1)',
    'javascript\u003aalert(1)//https://client.example',
    'JAVASCRIPT&colon;alert(1)',
    'javascript%3Aalert(1)',
  ]),
  refusedRedirects('F91', 'schemes that wrap another one', 'CVE-2026-22752', [
    'feed:javascript:alert(1)',
    'view-source:javascript:alert(1)',
    'jar:https://client.example/a.jar!/',
    'filesystem:https://client.example/temporary/x',
    'blob:https://client.example/9115d58c-bcda-ff47-86e5-083e9a215304',
    'about:blank',
    'data:;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==',
  ]),
  refusedRedirects('F91', 'schemes that the system opens by itself', 'CVE-2025-6514', [
    'ms-settings:privacy',
    'ms-msdt:/id',
    'search-ms:query=x',
    'steam://run/1',
    'ssh://client.example/-oProxyCommand=x',
    'mailto:ada@client.example',
    'tel:110',
    'chrome://settings',
    'smb://evil.example/share',
    'urn:ietf:wg:oauth:2.0:oob',
  ]),
  refusedRedirects('F92', 'another host than the eye reads', 'RFC 9700 §4.1.3, CVE-2024-8883', [
    'https://client.example:443@evil.example/cb',
    'https://client.example@evil.example@evil.example/cb',
    'https://client.example%40evil.example/cb',
    'https://@evil.example/cb',
    'https://:@evil.example/cb',
    'https://client.example\\evil.example/cb',
    'https:\\\\evil.example/cb',
    'https:/evil.example/cb',
    'https:////evil.example/cb',
    'https://client.example\u3002evil.example/cb',
    'https://client.example\uff0fevil.example/cb',
    'https://client.example\u2044evil.example/cb',
    'https://client.example\t.evil.example/cb',
  ]),
  refusedRedirects('F92', 'no host, or one that is none', 'RFC 3986 §3.2.2', [
    'https://',
    'https:///',
    'https://?x=1',
    'https://:443/cb',
    'https://client..example:x/cb',
    'https://client.example:99999/cb',
    'https://client.example:-1/cb',
    'https://[::1/cb',
    'https://[fe80::1%25eth0]/cb',
    'https://client.example%00.evil.example/cb',
    'https://exa mple/cb',
    'https://%/cb',
  ]),
  refusedRedirects('F92', 'wildcards and patterns', 'RFC 9700 §2.1, CVE-2024-52289', [
    'https://client.example/cb*',
    'https://client.*/cb',
    '*',
    'https://*',
    '.*',
    '^https://client\\.example/cb$',
    'https://client.example/cb?*',
    'http://localhost:*/cb',
    'http://127.0.0.1:*/cb',
  ]),
  refusedRedirects('F92', 'loopback that is somewhere else', 'RFC 8252 §7.3, CVE-2024-8883', [
    'http://localhost:80@evil.example/cb',
    'http://localhost%20.evil.example/cb',
    'http://localhost\u00adx.evil.example/cb',
    'http://127.0.0.1:80.evil.example/cb',
    'http://127.0.0.1#@evil.example/cb',
    'http://127.0.0.1\\@evil.example/cb',
    'http://[::1].evil.example/cb',
    'http://[::1]@evil.example/cb',
    'http://[::]:8080/cb',
    'http://127.0.0.1.:8080/cb',
    'http://0127.0.0.1/cb',
    'http:127.0.0.1/cb',
    'http:/localhost/cb',
    'http:\\\\localhost/cb',
    'http://lоcalhost/cb',
    'http://localhost.localdomain/cb',
    'http://host.docker.internal/cb',
    'http://[0:0:0:0:0:ffff:7f00:1]/cb',
  ]),
  refusedRedirects('F92', 'private-use schemes of others', 'RFC 8252 §7.1, RFC 9700 §2.6', [
    'vscode://evil.extension/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback#x',
    'cursor://anysphere.cursor-mcp@evil/oauth/callback',
    'cursor://ANYSPHERE.cursor-mcp/oauth/callback',
    'cursor:///anysphere.cursor-mcp/oauth/callback',
    'cursor:/oauth/callback',
    'claude://callback',
    'com.example:/cb',
    'x:',
  ]),
]
