/** Group D, classes 65 and 66: secrets that are wrong, and ways to show them that are not the client's. */
import { expect } from '@jest/globals'
import { addConfidentialClient } from '../authorization-server/server.js'
import { register } from '../support/oauth-client.js'
import { assertionFields, refused } from './client-authentication.js'
import type { Row } from './token-world.js'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

export const attacks: readonly Row[] = [
  refused('D65', 'a wrong secret', 'RFC 6749 §5.2', ({ machine }) => ({
    authorization: basic(`${machine.clientId}:wrong`),
  })),
  refused('D65', 'an unknown client', 'RFC 6749 §5.2', () => ({ authorization: basic('nobody:wrong') })),
  refused(
    'D65',
    'an empty secret',
    'RFC 6749 §5.2',
    ({ machine }) => ({ authorization: basic(`${machine.clientId}:`) }),
    /^invalid_(client|request)$/,
  ),
  refused('D65', 'a secret and a letter', 'RFC 6749 §5.2', ({ machine }) => ({
    authorization: basic(`${machine.clientId}:${machine.clientSecret}x`),
  })),
  refused('D65', 'a secret but its last letter', 'RFC 6749 §5.2', ({ machine }) => ({
    authorization: basic(`${machine.clientId}:${machine.clientSecret.slice(0, -1)}`),
  })),
  refused('D65', 'a secret in capitals', 'RFC 6749 §5.2', ({ machine }) => ({
    authorization: basic(`${machine.clientId}:${machine.clientSecret.toUpperCase()}`),
  })),
  refused(
    'D65',
    'a secret up to U+0000',
    'RFC 6749 §5.2',
    ({ machine }) => ({
      authorization: basic(`${machine.clientId}:${machine.clientSecret}%00`),
    }),
    /^invalid_(client|request)$/,
  ),
  refused('D65', 'the secret of another client', 'RFC 6749 §5.2', async ({ machine, server }) => {
    const { clientSecret } = await addConfidentialClient(server)
    return { authorization: basic(`${machine.clientId}:${clientSecret}`) }
  }),
  refused('D65', 'no secret', 'RFC 6749 §3.2.1', ({ machine }) => ({ fields: { client_id: machine.clientId } })),
  refused('D65', 'a client in other letters', 'RFC 6749 §2.2', ({ machine }) => ({
    authorization: basic(`${machine.clientId.toUpperCase()}:${machine.clientSecret}`),
  })),
  ...(
    [
      ['a scheme alone', 'Basic'],
      ['no text', 'Basic '],
      ['text that is no Base64', 'Basic !!!!'],
      ['no colon', basic('nobody')],
      ['a colon alone', basic(':')],
      ['no client', basic(':secret')],
      ['a broken escape', basic('a%zz:b')],
      ['bytes that are no UTF-8', `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xff]).toString('base64')}`],
      ['two credentials', `${basic('a:b')}, ${basic('c:d')}`],
      ['a third part', `${basic('a:b')} x`],
      ['5 kB', basic(`${'x'.repeat(5_000)}:x`)],
      ['a member of every object', basic('__proto__:x')],
      ['SQL', basic("' OR '1'='1:' OR '1'='1")],
    ] as const
  ).map(([what, authorization]) =>
    refused(
      'D65',
      `a Basic header of ${what}`,
      'RFC 7617 §2, RFC 6749 §2.3.1',
      () => ({ authorization }),
      /^invalid_(client|request)$/,
    ),
  ),
  ...['Bearer x', 'Digest username="x"', 'Negotiate x', 'DPoP x'].map((authorization) =>
    refused(
      'D65',
      `the header ${authorization.split(' ')[0]} beside no other credentials`,
      'RFC 6749 §2.3',
      () => ({ authorization }),
      /^invalid_(client|request)$/,
    ),
  ),
  refused(
    'D65',
    'a secret by header and another by form',
    'RFC 6749 §2.3',
    ({ machine }) => ({
      authorization: machine.authorization,
      fields: { client_id: machine.clientId, client_secret: 'x' },
    }),
    /^invalid_request$/,
  ),
  refused(
    'D65',
    'a header for one client, client_id of another',
    'RFC 6749 §2.3',
    ({ machine, grant }) => ({
      authorization: machine.authorization,
      fields: { client_id: grant.clientId },
    }),
    /^invalid_request$/,
  ),
  refused(
    'D65',
    'a header and an assertion',
    'RFC 6749 §2.3',
    async (world) => ({
      authorization: world.machine.authorization,
      fields: await assertionFields(world),
    }),
    /^invalid_request$/,
  ),
  refused(
    'D65',
    'two secrets',
    'RFC 6749 §3.2',
    ({ machine }) => ({
      fields: { client_id: machine.clientId, client_secret: [machine.clientSecret, 'x'] },
    }),
    /^invalid_request$/,
  ),
  refused(
    'D66',
    'a secret by form, where the operator wants it by header',
    'OWASP ASVS 10.4.16',
    async ({ server, secrets: known }) => {
      const strict = await addConfidentialClient(server, { demands_auth_method: true })
      known.add(strict.clientSecret)
      return { fields: { client_id: strict.clientId, client_secret: strict.clientSecret } }
    },
  ),
  refused('D66', 'a secret, where the operator wants an assertion', 'OWASP ASVS 10.4.16', ({ signer }) => ({
    authorization: basic(`${signer}:x`),
  })),
  refused('D66', 'an assertion, where the operator wants a secret', 'OWASP ASVS 10.4.16', async (world) => ({
    fields: await assertionFields(world, { iss: world.machine.clientId, sub: world.machine.clientId }),
  })),
  {
    id: 'D66',
    name: 'a client that registered itself cannot make itself the operator’s',
    source: 'OWASP ASVS 10.4.7',
    run: async ({ grant, server }) => {
      const words = { made_by_operator: true, introspects: server.resource, demands_auth_method: false }
      const client = await register(grant.server, { ...words, token_endpoint_auth_method: 'client_secret_basic' })
      const kept = await server.clients.find(client.client_id)
      expect(JSON.stringify(kept)).not.toMatch(/made_by_operator|introspects|demands_auth_method/)
    },
  },
]
