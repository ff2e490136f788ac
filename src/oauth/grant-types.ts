/**
 * The grant types of this server, one row each: who may register one, what it needs and what it stands on. Lists of grant types elsewhere
 * are read from here. How a grant that the engine lacks is carried out is in `authorization-server/grants/`.
 */

import type { DeclarationsInForce } from './declared-resource.js'

/** Which optional grants the operator's settings switch on. */
export interface GrantSwitches {
  /** Identity assertions are exchanged here. Off unless it is true. */
  readonly takesAssertions?: boolean
  /** On unless it is false. */
  readonly offersDeviceFlow?: boolean
}

/** A rule of registration-rules.ts that a grant type brings along. */
export interface GrantRefusal {
  /** `off`: strangers, while the settings switch the grant off. Beside other grants it is left out; alone the client could do nothing. */
  readonly of: 'strangers' | 'public clients' | 'off'
  /** Of the rule. */
  readonly name: string
  /** Public. */
  readonly message: string
  readonly source: string
  /** Also asked of what is stored. */
  readonly alsoWhenStored?: boolean
}

export interface GrantType {
  /** The value of `grant_type` and in `grant_types`; also its label in metrics. */
  readonly name: string
  /** Whether the person is sent back to the client. `goes along`: it renews what another grant gave. */
  readonly redirect: 'needed' | 'none' | 'goes along'
  /** Whose access it gives. A client's own has no scopes about a person. */
  readonly subject: 'person' | 'client'
  /** The stored credential that it redeems, by its parameter and its model in storage. */
  readonly redeems?: {
    readonly parameter: 'code' | 'refresh_token'
    readonly model: 'AuthorizationCode' | 'RefreshToken'
  }
  /** The engine lacks it: `authorization-server/grants/` has the handler. */
  readonly isOurs?: boolean
  /** `gatehouse clients add --grant` takes it unless this is false. */
  readonly isFlag?: boolean
  /** Absent: always. */
  readonly isOn?: (switches: GrantSwitches) => boolean
  /** The engine knows it while it is off, so clients registered for it keep their other grants. */
  readonly isKnownWhileOff?: boolean
  /** Announced as `authorization_grant_profiles_supported` while it is on. */
  readonly profile?: string
  readonly refused: readonly GrantRefusal[]
}

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'
/** RFC 7523 §2.1, under which identity assertions are presented. */
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
        // A token without a person's consent is for clients that the operator registers.
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

/** `undefined` for anything that is no grant type of this server. */
export function grantTypeNamed(name: unknown): GrantType | undefined {
  return grantTypes.find((grant) => grant.name === name)
}

export function isOn({ isOn: asked }: GrantType, switches: GrantSwitches): boolean {
  return asked === undefined || asked(switches)
}

export function isRefusedTo({ refused }: GrantType, whom: GrantRefusal['of']): boolean {
  return refused.some((refusal) => refusal.of === whom)
}

/** True for clients that are never sent anybody: none of their grants needs a redirect. */
export function usesNoRedirect(names: readonly string[]): boolean {
  const others = names.filter((name) => grantTypeNamed(name)?.redirect !== 'goes along')
  return others.length > 0 && others.every((name) => grantTypeNamed(name)?.redirect === 'none')
}

/** What a client gets that names no grant type (RFC 7591 §2 has the code alone; clients expect to stay connected). */
export function defaultGrantTypes(hasRedirect: boolean): string[] {
  return hasRedirect ? ['authorization_code', 'refresh_token'] : ['client_credentials']
}

/** The switches as the operator has them, at the moment of the question. */
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
