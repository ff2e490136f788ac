/** Rules about settings, as functions. */
import { describe, expect, it } from '@jest/globals'
import { guessableSecrets } from '../../src/config/secret-rules.js'
import { effectlessSettings } from '../../src/config/setting-effects.js'
import { encryptionKeys } from '../../src/config/setting-values.js'
import { unknownSettings } from '../../src/config/unknown-settings.js'

const keyOf = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, index) => index)).toString('base64url')

describe('ENCRYPTION_KEY', () => {
  it('takes 32 bytes, and none of 31', () => {
    expect(encryptionKeys(`${keyOf(32)}, ${keyOf(33)}`)).toEqual([keyOf(32), keyOf(33)])
    expect(() => encryptionKeys(`${keyOf(32)} ${keyOf(31)}`)).toThrow('at least 32 random bytes')
  })
})

describe('A database URL', () => {
  it.each([
    ['postgresql://warehouse:warehouse@db/notes', true],
    ['postgresql://warehouse:secret123@db/notes', true],
    ['postgresql://warehouse:changeme@db/notes', true],
    ['postgresql://warehouse:Tz8-qoLw-91@db/notes', false],
    ['postgresql://warehouse@db/notes', false],
    ['postgresql:///notes', false],
  ])('%s has the password of an example: %s', (url, isExample) => {
    const others = { ENCRYPTION_KEY: undefined, MCP_SERVER_SECRET: undefined, INTROSPECTION_CLIENT_SECRET: undefined }
    const secrets = { ...others, BOOTSTRAP_PASSWORD: undefined, DATABASE_URL: url, NOTES_DATABASE_URL: undefined }
    expect(guessableSecrets(secrets)).toHaveLength(isExample ? 1 : 0)
  })
})

describe('An allowed host', () => {
  it.each([
    ['a.example.com', ['a.example.com'], true],
    ['a.example.com', ['*.example.com'], true],
    ['*.a.example.com', ['*.example.com'], true],
    ['*.example.com', ['*.example.com'], true],
    ['*.example.com', ['a.example.com'], false],
    ['example.com', ['*.example.com'], false],
    ['a.example.org', ['*.example.com'], false],
  ])('%s has no effect where %j are denied: %s', (allowed, denied, isCovered) => {
    const values = {
      RESOURCE_URL: 'https://mcp.example.com/mcp',
      RESOURCE_ALIASES: [],
      DATABASE_URL: undefined,
      NOTES_DATABASE_URL: undefined,
      CLIENT_METADATA_ALLOWED_HOSTS: [allowed],
      CLIENT_METADATA_DENIED_HOSTS: denied,
    }
    expect(effectlessSettings(values, () => false)).toHaveLength(isCovered ? 1 : 0)
  })
})

describe('An unknown variable', () => {
  it('with the address of a service is a link of Kubernetes only by its name', () => {
    const link = 'tcp://10.0.0.1:80'
    expect(unknownSettings({ RESOURCE_PORT: link }, ['RESOURCE_URL'])).toEqual({ mistakes: [], warnings: [] })
    expect(unknownSettings({ RESOURCE_ULR: link }, ['RESOURCE_URL']).mistakes).toEqual([
      'RESOURCE_ULR is not a setting: did you mean RESOURCE_URL?',
    ])
  })
})
