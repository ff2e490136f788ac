/**
 * What a declaration file may hold: one schema, from which the reader judges shapes, `gatehouse schema` prints what editors complete from,
 * and the manual's reference is made. Rules between members are elsewhere: resource-rules.ts, client-entries.ts.
 */
import { z } from 'zod'
import { clientClasses } from '../oauth/declared-resource.js'
import { described, type Form, memberForms } from '../oauth/operator-clients.js'
import { passwordLevel, twoFactorLevel } from '../oauth/sign-in-levels.js'
import { accountMappings, signingAlgorithms } from '../oauth/trusted-issuer.js'
import { providerSchema } from './provider-schema.js'
import { entry, flag, idForm, idPattern, list, longest, oneOf, plain, texts, url } from './schema-parts.js'

const scopeForm = 'must be a scope: visible ASCII without blanks, quotes and backslashes, 80 characters at most'
const scopeName = z
  .string(scopeForm)
  .max(80, scopeForm)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, scopeForm)

const durationForm = 'must be a duration such as 30s, 10m, 12h or 30d'
export const durationPattern = /^([1-9]\d{0,8})([smhd])$/
const duration = z.string(durationForm).regex(durationPattern, durationForm)

const scope = entry({
  title: plain(longest.title).meta({ description: 'What it allows, for the consent page: "Read your tickets".' }),
  description: plain(longest.description).optional().meta({ description: 'One more sentence in plain words.' }),
  default: flag().optional().meta({
    description:
      'Part of what a client gets that names no scope. If no scope of the resource is, all are that are not destructive.',
  }),
  read_only: flag().optional().meta({ description: 'It changes nothing.' }),
  destructive: flag().optional().meta({ description: 'What it allows cannot be undone. Starts unticked.' }),
  includes: list(scopeName, 'scopes').optional().meta({ description: 'Scopes of this resource that come with it.' }),
})

const toolScopes = () => list(scopeName, 'scopes')

const tool = z.union(
  [
    toolScopes(),
    entry({
      title: plain(longest.title).optional().meta({ description: 'For people; default: its name.' }),
      scopes: toolScopes().optional().meta({ description: 'Scopes that a call needs, all of them.' }),
      destructive: flag().optional().meta({ description: 'What it does cannot be undone.' }),
      read_only: flag().optional().meta({ description: 'It changes nothing.' }),
      when_missing: oneOf(['challenge', 'hide']).optional().meta({
        description: 'Without the scopes: a challenge to ask for more (default), or as if there were no such tool.',
      }),
    }),
  ],
  'must be a list of scopes, or an object with title, scopes, destructive, read_only and when_missing',
)

const tokens = entry({
  format: oneOf(['jwt', 'opaque'])
    .optional()
    .meta({ description: 'jwt (RFC 9068, verified locally; default) or opaque (introspected on use).' }),
  ttl: duration.optional().meta({ description: 'Lifetime of access tokens, 10s to 1h. Default: 10m.' }),
  dpop: oneOf(['optional', 'required'])
    .optional()
    .meta({ description: "Whether every token must be bound to a client's key (RFC 9449). Default: optional." }),
  refresh: flag().optional().meta({ description: 'Whether refresh tokens are issued. Default: true.' }),
  max_auth_age: duration
    .optional()
    .meta({ description: 'The oldest sign-in with which the resource may be asked for. Default: any.' }),
  acr: oneOf(['mfa', 'phr', twoFactorLevel, passwordLevel]).optional().meta({
    description:
      'How strong the sign-in has to be: `mfa` (two factors: a password with a code, or a passkey) or `phr` (a passkey). Default: any.',
  }),
})

const ceiling = z.union([oneOf(['all', 'none']), list(scopeName, 'scopes')], 'must be all, none or a list of scopes')

const classWords: Readonly<Record<(typeof clientClasses)[number], string>> = {
  operator: 'Clients of this file, of commands and of the console.',
  known: 'Known products whose identity was proven.',
  verified: "Client documents whose redirect is on the document's own host.",
  registered: 'Everything else: dynamic registrations, documents with loopback redirects.',
}

const ceilings = entry(
  Object.fromEntries(
    clientClasses.map((name) => [name, ceiling.optional().meta({ description: `${classWords[name]} Default: all.` })]),
  ) as Record<(typeof clientClasses)[number], z.ZodOptional<typeof ceiling>>,
)

const groupForm = 'must be 1 to 63 letters, digits, dots, dashes and underscores, and begin with none of the last three'
export const groupPattern = /^[\p{L}\d][\p{L}\d._-]{0,62}$/u
const groupName = z.string(groupForm).regex(groupPattern, groupForm)

export const groupSchema = entry({
  name: groupName.meta({ description: 'As `access` and commands name it.' }),
  title: plain(longest.title).optional().meta({ description: 'For people. Default: its name.' }),
  members: list(z.string('must be a list of email addresses'), 'email addresses')
    .optional()
    .meta({ description: 'Addresses of accounts. One counts as soon as an account has it, verified.' }),
})

export const resourceSchema = entry({
  url: url()
    .optional()
    .meta({ description: 'Public URL of the MCP endpoint, the `aud` of its tokens. This or `pattern`.' }),
  pattern: url().optional().meta({
    description:
      'A family of URLs: each `*` is one host label or one path segment, for example `https://*.mcp.example.com/mcp`.',
  }),
  id: z
    .string(idForm)
    .regex(idPattern, idForm)
    .optional()
    .meta({ description: 'For `/connect/<id>` and commands. Default: made from the name.' }),
  name: plain(longest.name).optional().meta({ description: 'For people. Needed, unless it is the notes.' }),
  description: plain(longest.description).optional().meta({ description: 'One sentence for the consent page.' }),
  notes: flag().optional().meta({ description: 'Our own MCP server serves its notes there. At most one entry.' }),
  default: flag().optional().meta({
    description: 'What a client means that names no resource. At most one; a single resource is it without saying so.',
  }),
  aliases: list(url(), 'URLs').optional().meta({ description: 'Further URLs that mean this resource: former ones.' }),
  scopes: z
    .record(scopeName, scope, 'must be an object of scopes by name')
    .optional()
    .meta({ description: 'By name. At least one, unless it is the notes.' }),
  tools: z
    .record(z.string().min(1, texts(80)).max(80, texts(80)), tool, 'must be an object of tools by name')
    .optional()
    .meta({ description: 'By name: for the consent page and the connect page. Its server decides what guards what.' }),
  tokens: tokens.optional().meta({ description: 'Rules of its tokens.' }),
  clients: ceilings.optional().meta({
    description: 'The scopes that each class of clients may ask for: all, none or a list. A ceiling, not a grant.',
  }),
  access: z.record(groupName, ceiling, 'must be an object of scopes by group').optional().meta({
    description:
      'The scopes that the members of each group may grant: all, none or a list; `everyone` is everybody. Left out: no rule.',
  }),
})

function shapeOf(form: Form): z.ZodType {
  const text = `must be ${described(form)}`
  const strings = z.array(z.string(text), text)
  if (typeof form === 'object' && 'choices' in form)
    return z.array(z.enum([...form.choices], `must be one of ${form.choices.join(', ')}`), text)
  if (typeof form === 'object') return z.enum([...form], text)
  switch (form) {
    case 'text':
      return z.string(text)
    case 'list':
      return strings
    case 'texts':
      return z.union([z.string(text), strings], text)
    case 'boolean':
      return z.boolean(text)
    case 'seconds':
      return z.int(text).min(0, text)
    default:
      return z.record(z.string(), z.unknown(), text)
  }
}

const clientIdForm = 'must be 1 to 200 visible ASCII characters and no URL'
const hashForm = 'must be 64 hexadecimal digits'

export const clientSchema = entry({
  client_id: z.string(clientIdForm).regex(/^(?![Hh][Tt][Tt][Pp][Ss]?:)[\x21-\x7e]{1,200}$/, clientIdForm),
  ...Object.fromEntries(Object.entries(memberForms).map(([name, form]) => [name, shapeOf(form).optional()])),
  client_name: z.string('must be text').regex(/\S/, 'must not be blank'),
  client_secret_file: z
    .string('must be a path')
    .min(1, 'must be a path')
    .optional()
    .meta({ description: 'File that holds the secret, 24 visible ASCII characters or more. Relative to this file.' }),
  client_secret_env: z
    .string('must be the name of an environment variable')
    .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable')
    .optional()
    .meta({ description: 'Environment variable that holds the secret.' }),
  client_secret_sha256: z
    .string(hashForm)
    .regex(/^[\da-fA-F]{64}$/, hashForm)
    .optional()
    .meta({ description: 'SHA-256 of the secret, in hexadecimal digits.' }),
})

const secureUrl = () => z.string('must be an https URL')

export const issuerSchema = entry({
  issuer: secureUrl().meta({ description: 'Exact `iss` of its assertions.' }),
  jwks_uri: secureUrl().optional().meta({ description: 'Where its keys are. This or `jwks`.' }),
  jwks: z
    .record(z.string(), z.unknown(), 'must hold public keys and no private member')
    .optional()
    .meta({ description: 'Its public keys.' }),
  clients: list(z.string('must be a list of client_ids').min(1, 'must be a list of client_ids'), 'client_ids')
    .optional()
    .meta({
      description: '`client_id`s that may present its assertions. Default: every client that an assertion names.',
    }),
  accounts: oneOf(accountMappings).optional().meta({
    description:
      'How a subject becomes an account: linked (default; by a link made before), email (also by address), create (also by making one).',
  }),
  email_domains: list(z.string('must be a list of domains').min(1, 'must be a list of domains'), 'domains')
    .optional()
    .meta({ description: 'Domains whose addresses it may speak for. Needed unless accounts is linked.' }),
  algorithms: list(oneOf(signingAlgorithms), signingAlgorithms.join(', '))
    .min(1, `must be a list of ${signingAlgorithms.join(', ')}`)
    .optional()
    .meta({ description: 'Signatures that are accepted. Default: ES256, EdDSA, Ed25519, PS256, RS256.' }),
  max_lifetime_seconds: z
    .int('must be a whole number from 30 to 3600')
    .min(30, 'must be a whole number from 30 to 3600')
    .max(3_600, 'must be a whole number from 30 to 3600')
    .optional()
    .meta({ description: 'Longest time between `iat` and `exp`. Default: 600.' }),
})

const domainForm = 'must be a list of domains such as example.com'
const signUpForm = 'must be closed, invite, open or an object with domains'

export const signUpSchema = z.union(
  [
    oneOf(['closed', 'invite', 'open']),
    entry({
      domains: list(z.string(domainForm).regex(/^(?!-)[a-z\d-]+(?:\.[a-z\d-]+)+$/, domainForm), 'domains').min(
        1,
        domainForm,
      ),
    }),
  ],
  signUpForm,
)

export const fileSchema = entry({
  $schema: z.string('must be text').optional().meta({ description: 'For editors: where this schema is.' }),
  resources: list(resourceSchema, 'resources')
    .optional()
    .meta({ description: 'The MCP servers that tokens are issued for. Left out: the notes under RESOURCE_URL.' }),
  sign_up: signUpSchema.optional().meta({
    description:
      'Who may make an account: nobody (closed), people with an invitation (invite), everybody (open), or everybody with an address of some domains. Default: invite on localhost, closed elsewhere.',
  }),
  groups: list(groupSchema, 'groups').optional().meta({ description: 'Groups of people, for `access` of resources.' }),
  clients: list(clientSchema, 'clients')
    .optional()
    .meta({ description: 'Clients of yours: for hosts that cannot register themselves, and for machines.' }),
  assertion_issuers: list(issuerSchema, 'identity providers')
    .optional()
    .meta({ description: 'Identity providers whose identity assertions (ID-JAG) are exchanged for access tokens.' }),
  identity_providers: list(providerSchema, 'identity providers')
    .optional()
    .meta({ description: 'Where people may sign in instead of here: `Continue with <name>` on the sign-in page.' }),
})

export type ResourceEntry = z.infer<typeof resourceSchema>
export type GroupEntry = z.infer<typeof groupSchema>
export type ScopeEntry = z.infer<typeof scope>
export type ToolEntry = z.infer<typeof tool>
export type IssuerEntry = z.infer<typeof issuerSchema>

/** JSON Schema 2020-12 of a declaration file. */
export function fileJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input' })
  return { $schema, title: 'Gatehouse declarations', ...schema }
}

/** `10m` in seconds. Only for what the schema accepts. */
export function secondsOf(duration: string): number {
  const [, count = '0', unit = 's'] = durationPattern.exec(duration) ?? []
  return Number(count) * ({ s: 1, m: 60, h: 3_600, d: 86_400 }[unit] ?? 1)
}
