/**
 * The grant types of this server, one row each: who may register it, what it needs and what it redeems. All other lists of grant types are
 * derived from this table. Handlers of the grant types that the engine lacks are in `authorization-server/grants/`.
 */

import type { DeclarationsInForce } from './declared-resource.js'

/** Optional grant types that the operator's settings enable. */
export interface GrantSwitches {
  /** Enables identity assertions. Default: false. */
  readonly takesAssertions?: boolean
  /** Default: true. */
  readonly offersDeviceFlow?: boolean
}

/** A rule of a grant type for registration-rules.ts. */
export interface GrantRefusal {
  /**
   * `off`: strangers, while the settings disable the grant type. Next to other grant types it is dropped; with it alone the client could do
   * nothing.
   */
  readonly of: 'strangers' | 'public clients' | 'off'
  /** Of the rule. */
  readonly name: string
  /** Public. */
  readonly message: string
  readonly source: string
  /** Also applied to stored clients. */
  readonly alsoWhenStored?: boolean
}

export interface GrantType {
  /** The value of `grant_type` and in `grant_types`; also its label in metrics. */
  readonly name: string
  /** Whether the person is redirected to the client. `goes along`: it renews the access of another grant type. */
  readonly redirect: 'needed' | 'none' | 'goes along'
  /** Whose access it gives. A client's own access has no scopes about a person. */
  readonly subject: 'person' | 'client'
  /** The stored credential that it redeems, by its parameter and its model in storage. */
  readonly redeems?: {
    readonly parameter: 'code' | 'refresh_token'
    readonly model: 'AuthorizationCode' | 'RefreshToken'
  }
  /** True if the engine lacks it: `authorization-server/grants/` has the handler. */
  readonly isOurs?: boolean
  /** False if `gatehouse clients add --grant` does not accept it. */
  readonly isFlag?: boolean
  /** Absent: always. */
  readonly isOn?: (switches: GrantSwitches) => boolean
  /** The engine knows it even if it is disabled, so that clients registered for it keep their other grant types. */
  readonly isKnownWhileOff?: boolean
  /** Published in `authorization_grant_profiles_supported` if enabled. */
  readonly profile?: string
  readonly refused: readonly GrantRefusal[]
}

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'
/** RFC 7523 §2.1, the grant type for identity assertions. */
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export const grantTypes: readonly GrantType[] = [
  {
    name: 'authorization_code',
    redirect: 'needed',
    subject: 'person',
    redeems: { parameter: 'code', model: 'AuthorizationCode' },
    refused: [],
  },
  {
    name: 'refresh_token',
    redirect: 'goes along',
    subject: 'person',
    redeems: { parameter: 'refresh_token', model: 'RefreshToken' },
    refused: [],
  },
  {
    name: deviceCodeGrant,
    redirect: 'none',
    subject: 'person',
    isFlag: false,
    isOn: ({ offersDeviceFlow }) => offersDeviceFlow !== false,
    refused: [],
  },
  {
    name: 'client_credentials',
    redirect: 'none',
    subject: 'client',
    refused: [
      {
        // Tokens without a person's consent are only for clients that the operator registers.
        of: 'strangers',
        name: 'client-credentials-of-stranger',
        message: 'only clients that the operator registers can use client_credentials',
        source: 'MCP client credentials extension',
      },
      {
        of: 'public clients',
        name: 'client-credentials-of-public-client',
        message: 'a public client cannot use client_credentials',
        source: 'RFC 6749 §4.4',
        alsoWhenStored: true,
      },
    ],
  },
  {
    name: jwtBearerGrant,
    redirect: 'none',
    subject: 'person',
    isOurs: true,
    isOn: ({ takesAssertions }) => takesAssertions === true,
    isKnownWhileOff: true,
    profile: 'urn:ietf:params:oauth:grant-profile:id-jag',
    refused: [
      {
        of: 'public clients',
        name: 'assertions-of-public-client',
        message: 'a public client cannot exchange identity assertions',
        source: 'MCP enterprise-managed authorization',
      },
      {
        of: 'off',
        name: 'assertions-not-taken',
        message: 'identity assertions are not exchanged here',
        source: 'RFC 7591 §3.2.2',
      },
    ],
  },
]

export const offeredGrantTypes: readonly string[] = grantTypes.map(({ name }) => name)

/** `undefined` for anything that is not a grant type of this server. */
export function grantTypeNamed(name: unknown): GrantType | undefined {
  return grantTypes.find((grant) => grant.name === name)
}

export function isOn({ isOn: asked }: GrantType, switches: GrantSwitches): boolean {
  return asked === undefined || asked(switches)
}

export function isRefusedTo({ refused }: GrantType, whom: GrantRefusal['of']): boolean {
  return refused.some((refusal) => refusal.of === whom)
}

/** True for clients without redirects: none of their grant types needs one. */
export function usesNoRedirect(names: readonly string[]): boolean {
  const others = names.filter((name) => grantTypeNamed(name)?.redirect !== 'goes along')
  return others.length > 0 && others.every((name) => grantTypeNamed(name)?.redirect === 'none')
}

/** The grant types of a client that names none (RFC 7591 §2 has the code only, but clients expect to stay connected). */
export function defaultGrantTypes(hasRedirect: boolean): string[] {
  return hasRedirect ? ['authorization_code', 'refresh_token'] : ['client_credentials']
}

/** The current switches of the operator. */
export function grantSwitches(settings: {
  readonly declarations: Pick<DeclarationsInForce, 'current'>
  readonly offersDeviceFlow: boolean
}): Required<GrantSwitches> {
  return {
    get takesAssertions() {
      return settings.declarations.current().assertionIssuers.length > 0
    },
    offersDeviceFlow: settings.offersDeviceFlow,
  }
}
