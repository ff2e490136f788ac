/** Facts that the local doctor judges, gathered once on the servers' own machine and with their settings. */

import type { OverdueRows } from '../../database/expiring-rows.js'
import type { MigrationState } from '../../database/migrate.js'
import type { ReceivedRequest } from '../../http/proxy-probe.js'
import type { CertificateReport, Exchange } from '../diagnostic-network.js'
import type { DatabaseCondition } from './database-condition.js'

export type Part = 'auth' | 'mcp'

/** What the settings ask of a connection, in seconds. */
export type WantedLimits = DatabaseCondition['limits']

export interface DatabaseFacts {
  readonly part: Part
  readonly isEmbedded: boolean
  readonly poolSize: number
  readonly wantedLimits: WantedLimits
  readonly migratesOnStart: boolean
  /** `unmade`: the first start makes it. `in use`: the embedded one, by a server that runs. `read-only`: there, and no use to us. */
  readonly state: 'open' | 'unmade' | 'in use' | 'read-only' | 'unreachable'
  /** Why it is not open. */
  readonly detail: string
  /** Of one that is open. */
  readonly condition?: DatabaseCondition
  readonly migrations?: MigrationState
  /** Of one that is migrated. */
  readonly overdueRows?: readonly OverdueRows[]
}

/** Sealed values of one kind under one encryption key. */
export interface SealFact {
  readonly what: string
  readonly count: number
  readonly state: 'newest' | 'older' | 'closed'
}

/** What is in the authorization server's database. */
export interface StoredFacts {
  readonly keys: {
    readonly areUnmade: boolean
    readonly missing: readonly string[]
    readonly overdue: readonly string[]
  }
  readonly seals: readonly SealFact[]
  readonly accounts: number
  readonly clients: number
}

/** The encryption key: from a setting, or from its file in DATA_DIR. */
export interface EncryptionKeyFacts {
  /** The file, when there is no setting. */
  readonly file?: string
  /** Why there is none to open anything with. */
  readonly flaw?: string
  /** Others than the owner may read the file. */
  readonly isReadableByOthers?: boolean
}

/** A public address of a server, and the metadata document there that names it. */
export interface AddressFacts {
  /** The setting it comes from. */
  readonly setting: 'ISSUER_URL' | 'RESOURCE_URL' | 'ISSUER_INTERNAL_URL'
  readonly url: string
  /** `issuer` or `resource`, and what it has to be. */
  readonly member: string
  readonly identifier: string
  readonly exchange: Exchange
  readonly certificate: CertificateReport | undefined
  /** The request as the server received it; `undefined` without a report. */
  readonly received: ReceivedRequest | undefined
  /** False when there was nothing to ask with that the server has too. */
  readonly isProbed: boolean
}

/** What came of asking for the revocation feed with the MCP server's own credentials. */
export type FeedFacts = { readonly isFollowing: true } | { readonly isFollowing: false; readonly reason: string }

/** What came of connecting to the SMTP server and signing in. `failure`: its codes. */
export interface MailFacts {
  readonly failure: string | undefined
}

export interface DiskFacts {
  readonly folder: string
  readonly freeBytes: number
  readonly isWritable: boolean
}

export interface LocalFacts {
  readonly at: Date
  readonly parts: readonly Part[]
  /** Settings that no server starts with, one line each; then there is nothing else. */
  readonly mistakes: readonly string[]
  /** Warnings about unusual settings (program/production.ts). */
  readonly warnings: readonly string[]
  readonly databases: readonly DatabaseFacts[]
  readonly stored: StoredFacts | undefined
  readonly encryptionKey: EncryptionKeyFacts | undefined
  /** DATA_DIR, when something is kept there. */
  readonly disk: DiskFacts | undefined
  /** A client can come by itself: registration is not closed, or metadata documents are accepted. */
  readonly clientsMayCome: boolean
  /** The MCP server has credentials to follow revocations with. */
  readonly followsRevocations: boolean
  /** `undefined`: nobody to ask, or nothing to ask with. */
  readonly feed: FeedFacts | undefined
  readonly addresses: readonly AddressFacts[]
  /** `undefined`: no mail is sent. */
  readonly mail?: MailFacts | undefined
}
