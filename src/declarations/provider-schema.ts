/** What an entry of `identity_providers` may hold. Rules between members: oauth/identity-provider.ts. */
import { z } from 'zod'
import { providerPresets } from '../oauth/identity-provider.js'
import { entry, flag, idForm, idPattern, list, longest, oneOf, plain } from './schema-parts.js'

const tenantForm = 'must be the id or a domain of a tenant'
const domainsForm = 'must be a list of domains'
const claimForm = 'must be the name of a claim'

const groups = entry({
  claim: z
    .string(claimForm)
    .regex(/^[\x21-\x7e]{1,200}$/, claimForm)
    .meta({ description: 'Claim of the ID token or of userinfo that lists groups there.' }),
  map: z
    .record(z.string().min(1).max(200), z.string('must be the name of a group'), 'must be an object of groups by name')
    .meta({ description: 'Group here, by the name or id of the group there.' }),
})

const clientIdForm = 'must be 1 to 400 visible ASCII characters'

export const providerSchema = entry({
  id: z
    .string(idForm)
    .regex(idPattern, idForm)
    .meta({ description: 'For its addresses: the callback is `ISSUER_URL/sign-in/<id>/callback`.' }),
  name: plain(longest.name).meta({ description: 'For people: the button is `Continue with <name>`.' }),
  preset: oneOf(providerPresets).optional().meta({
    description:
      'Fills in what is known of the product: its issuer, scopes and ways. Left out: OpenID Connect by discovery.',
  }),
  issuer: z
    .string('must be an https URL')
    .max(2_000, 'is longer than 2000 characters')
    .optional()
    .meta({ description: 'Exact issuer, whose metadata is looked up there. Needed, unless the preset has one.' }),
  tenant: z
    .string(tenantForm)
    .regex(/^[\w.-]{1,200}$/, tenantForm)
    .optional()
    .meta({ description: 'Of the preset entra: the tenant whose people may sign in. Left out: every organisation.' }),
  client_id: z
    .string(clientIdForm)
    .regex(/^[\x21-\x7e]{1,400}$/, clientIdForm)
    .meta({ description: 'What this server is registered as at the provider.' }),
  client_secret_file: z
    .string('must be a path')
    .min(1, 'must be a path')
    .optional()
    .meta({ description: 'File that holds the secret. Relative to this file. No secret: a public client.' }),
  client_secret_env: z
    .string('must be the name of an environment variable')
    .regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable')
    .optional()
    .meta({ description: 'Environment variable that holds the secret.' }),
  authoritative_for: list(z.string(domainsForm).min(1, domainsForm), 'domains').optional().meta({
    description:
      'Domains whose addresses the provider answers for. A first sign-in with a verified address there is linked to the account with this verified address.',
  }),
  groups: groups.optional().meta({
    description: 'Groups of the provider that put a person into groups here, as of each sign-in with it.',
  }),
  create_accounts: flag().optional().meta({
    description:
      'Whether a person without an account gets one, if the provider verified their address. Default: false.',
  }),
})
