/** The environment: whatever is written there, a configuration or a list of mistakes, and no secret in either. */
import { ConfigError, describeConfig, type Environment, parseConfig } from '../../../src/config/config.js'
import { addressSet, contains } from '../../../src/http/client-address.js'
import { isLoopbackHost } from '../../../src/oauth/redirect-uri.js'
import { answerOf, type FuzzTarget, insist, insistEqual, textOf } from '../target.js'

/** Each has the mark in it, so that it is found wherever it should not be. */
const mark = 'vWq3Zr7Lx0Tn5'
const secrets: Environment = {
  MCP_SERVER_SECRET: `${mark}-8sKd1fPz6YbHc2`,
  INTROSPECTION_CLIENT_ID: 'reader',
  INTROSPECTION_CLIENT_SECRET: `${mark}-0jGm4uQe9RtXw6`,
  BOOTSTRAP_EMAIL: 'ada@example.com',
  BOOTSTRAP_PASSWORD: `${mark} plum orbit`,
}
/** Secrets that no reader takes: a mistake names the setting, never its text. */
const malformed: Environment = {
  MCP_SERVER_SECRET: `${mark} with a blank`,
  ENCRYPTION_KEY: `${mark}`,
  DATABASE_URL: `postgresql://gatehouse:${mark}@one,two/auth?sslmode=${mark}`,
  NOTES_DATABASE_URL: `postgresql://notes:${mark}@db/notes?sslmode=${mark}`,
  BOOTSTRAP_EMAIL: 'ada@example.com',
  BOOTSTRAP_PASSWORD: mark,
}

/** What stands for the whole of each family: nobody's network has both. */
const everywhere = [
  ['9.9.9.9', '203.0.113.9'],
  ['2001:4860::1', '2a00::1'],
] as const

/** JSON is printed as the server has read it, with other names than in a file. */
const printedOtherwise: ReadonlySet<string> = new Set(['TRUSTED_ASSERTION_ISSUERS'])

function environmentOf(text: string): Environment {
  const pairs = text.split('\n').flatMap((line) => {
    const at = line.indexOf('=')
    return at > 0 && !line.includes('\0') ? [[line.slice(0, at), line.slice(at + 1)] as const] : []
  })
  return Object.fromEntries(pairs)
}

const noFile = (path: string): string => {
  throw new Error(`cannot be read: ${path.slice(0, 20)}`)
}

/** The configuration, or undefined after every mistake was looked at. */
function read(environment: Environment) {
  try {
    return parseConfig(environment, noFile)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    insist(
      error.mistakes.length > 0 && error.mistakes.every((mistake) => mistake.trim() !== ''),
      'each mistake is told',
    )
    insist(!error.message.includes(mark), 'no mistake tells a secret', error.message)
    return undefined
  }
}

function checkAccepted(given: Environment): void {
  const config = read({ ...secrets, ...given })
  if (config === undefined) return
  for (const range of config.TRUSTED_PROXIES) {
    const trusted = addressSet([range])
    for (const pair of everywhere)
      insist(!pair.every((address) => contains(trusted, address)), 'nobody trusts everybody', range, pair)
  }
  const issuer = new URL(config.ISSUER_URL)
  insist(issuer.protocol === 'https:' || isLoopbackHost(issuer.hostname), 'TLS, or this machine', config.ISSUER_URL)
  insist(!config.dangerouslyAllowLoopbackClientMetadata || isLoopbackHost(issuer.hostname), 'dangers stay at home')
  const printed = describeConfig(config)
  insist(!JSON.stringify(printed).includes(mark), 'no secret is printed')
  const again = printed.filter(
    ([name, value]) => name in given && value !== '' && value !== '(unset)' && !printedOtherwise.has(name),
  )
  const readable = again.filter(([, value]) => value !== '********')
  insistEqual(
    parseConfig({ ...secrets, ...given, ...Object.fromEntries(readable) }, noFile),
    config,
    'what is printed means what is in force',
    readable,
  )
}

export const settings: FuzzTarget = {
  name: 'settings',
  surface: 'the environment: a configuration or every mistake, no secret told, nobody trusted by mistake',
  maxBytes: 4_096,
  dictionary: [
    'ISSUER_URL=',
    'RESOURCE_URL=',
    'RESOURCE_ALIASES=',
    'TRUSTED_PROXIES=',
    'ALLOWED_ORIGINS=',
    'RATE_LIMITS=',
    'CALL_LIMIT_PER_CALLER=',
    'CLIENT_METADATA_ALLOWED_HOSTS=',
    'ALLOWED_PRIVATE_USE_REDIRECTS=',
    'ENCRYPTION_KEY=',
    'PRODUCT_NAME=',
    'ACCENT_COLOR=',
    'AUTH_PORT=',
    'https://auth.example.com',
    'http://localhost:3000',
    'http://[::1]:3000',
    '::/8',
    '::ffff:0:0/96',
    '10.0.0.0/8',
    'token=6000',
    '5/20',
    '*.example.com',
    ',',
    '_FILE=',
  ],
  check: (input) => {
    const given = environmentOf(textOf(input))
    // The marked secrets stand where the input says nothing of them.
    const unmarked = Object.fromEntries(Object.entries(given).filter(([, value]) => !value?.includes(mark)))
    checkAccepted(unmarked)
    answerOf(() => read({ ...unmarked, ...malformed }), ConfigError)
  },
}
