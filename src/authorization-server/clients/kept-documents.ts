/**
 * Cache of client metadata documents: fresh copies from memory, the last good copy from the database if the host is down, one
 * fetch at a time for each document. Decides when a copy may be used and when to revalidate it (RFC 9111, CIMD draft §5.2). Owns
 * neither the fetch nor the rules for a document's content.
 */
import { BoundedMap } from '../../base/bounded-map.js'
import type { Clock } from '../../base/clock.js'
import { QueueFull, type Sender } from '../../base/fair-queue.js'
import type { Logger } from '../../base/log.js'
import { hashSecret } from '../../base/secrets.js'
import { clientNetworks } from '../../http/client-network.js'
import type { FreshnessBounds } from '../../outbound/http-freshness.js'
import { getJsonDocument } from '../../outbound/json-document.js'
import { UntrustedFetchBusyError, UntrustedFetchError } from '../../outbound/untrusted-fetch-error.js'
import type { ClientDocument, ClientDocumentKind, ClientDocumentStore } from '../../storage/clients/client-documents.js'
import type { UntrustedFetch } from '../options.js'
import { failNoSooner } from './failure-timing.js'
import { createUnqueuedFetches, type FetchQueue } from './fetch-queue.js'

const documentsWaited = {
  sender: 'too many requests of one address wait for client documents',
  all: 'too many requests wait for client documents',
} as const

/** What an error and its causes say, the engine's in its own words. */
function reasonsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof QueueFull) return documentsWaited[error.reason]
  const said = 'error_description' in error ? String(error.error_description) : error.message
  return error.cause === undefined || depth === 3 ? said : `${said}: ${reasonsOf(error.cause, depth + 1)}`
}

/** No copy, and none to be had: every reason looks the same from outside. `cause` says which it was, for the log. */
export class DocumentUnavailable extends Error {
  constructor(url: string, cause: unknown) {
    super(`${url}: ${reasonsOf(cause)}`, { cause })
    this.name = 'DocumentUnavailable'
  }
}

export interface DocumentPolicy<T> {
  readonly kind: ClientDocumentKind
  readonly maxBytes: number
  readonly freshness: FreshnessBounds
  /** How long a copy may stand in for a host that does not answer, since it last did. */
  readonly usableSeconds: number
  /** How long after its freshness a copy may be used while its host is asked. */
  readonly staleSeconds: number
  /** Throws when the document says something it must not. */
  readonly parse: (url: string, body: string) => T
}

export interface KeptDocumentsOptions {
  readonly store: ClientDocumentStore
  readonly untrustedFetch: UntrustedFetch
  readonly clock: Clock
  readonly log: Logger
  /** How long it takes to say that there is nothing to be had, whatever the reason; longer than any fetch. */
  readonly failureMs: number
  readonly maxEntries: number
  /** Called when a stored document came back with another body. */
  readonly changed: (url: string) => void
  /** The address that the request comes from; `undefined` when addresses do not tell senders apart. */
  readonly asker: () => string | undefined
  /** Shared by caches that use one `untrustedFetch`; default: a queue of its own. */
  readonly queue?: FetchQueue
}

export interface KeptDocument<T> extends ClientDocument {
  readonly value: T
  /** In the database too, so that later copies go there as well. */
  readonly isStored: boolean
}

export interface ReadOptions {
  /** Rather than wait, take a copy that has just gone stale; its host is asked meanwhile. */
  readonly mayBeStale: boolean
}

/** Back-off after a failure of the host. The error itself is not cached (CIMD draft §5.2, security row 112). */
const holdOffSeconds = 30
const maxFailures = 1_000
/** The sender's requests, or all together, wait for too many documents: refused at once, as it says nothing about the host. */
function isCrowded(error: unknown): boolean {
  return error instanceof DocumentUnavailable && error.cause instanceof QueueFull
}

export class KeptDocuments<T> {
  readonly #policy: DocumentPolicy<T>
  readonly #options: KeptDocumentsOptions
  readonly #copies: BoundedMap<KeptDocument<T>>
  readonly #failures = new BoundedMap<{ readonly until: number; readonly error: unknown }>(maxFailures)
  readonly #flights = new Map<string, Promise<KeptDocument<T>>>()
  readonly #queue: FetchQueue

  constructor(policy: DocumentPolicy<T>, options: KeptDocumentsOptions) {
    this.#policy = policy
    this.#options = options
    this.#copies = new BoundedMap(options.maxEntries)
    this.#queue = options.queue ?? createUnqueuedFetches()
  }

  /** A copy that may be used now. Throws DocumentUnavailable when there is none. */
  async read(url: string, { mayBeStale }: ReadOptions): Promise<KeptDocument<T>> {
    const copy = this.#inMemory(url) ?? (await this.#inDatabase(url))
    if (copy === undefined) return this.#load(url, undefined)
    const late = (this.#now() - copy.freshUntil.getTime()) / 1000
    if (late < 0) return copy
    if (!mayBeStale || late > this.#policy.staleSeconds) return this.#load(url, copy)
    if (this.#heldOff(url) !== undefined) return copy
    this.#load(url, copy).catch((error: unknown) => {
      this.#options.log.warn({ err: error, url }, 'a client document was not refreshed')
    })
    return copy
  }

  /** A copy no older than `maxAgeSeconds`, or the best there is. */
  async readAgain(url: string, maxAgeSeconds: number): Promise<KeptDocument<T>> {
    const copy = this.#inMemory(url)
    const isYoung = copy !== undefined && this.#now() - copy.fetchedAt.getTime() < maxAgeSeconds * 1000
    return isYoung ? copy : this.#load(url, copy, maxAgeSeconds)
  }

  /** Whether the current copy is also in the database. */
  isStored(url: string): boolean {
    return this.#inMemory(url)?.isStored === true
  }

  /** Stores the current copy, so that it survives a restart while its host is down. */
  async keep(url: string): Promise<void> {
    const copy = this.#inMemory(url)
    if (copy === undefined || copy.isStored) return
    await this.#options.store.save(this.#policy.kind, copy, true)
    // It may have been refreshed in between.
    this.#copies.set(url, { ...(this.#inMemory(url) ?? copy), isStored: true })
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }

  #inMemory(url: string): KeptDocument<T> | undefined {
    const copy = this.#copies.get(url)
    if (copy === undefined || copy.usableUntil.getTime() > this.#now()) return copy
    this.#copies.delete(url)
    return undefined
  }

  async #inDatabase(url: string): Promise<KeptDocument<T> | undefined> {
    const document = await this.#options.store.find(this.#policy.kind, url)
    if (document === undefined) return undefined
    try {
      const copy = { ...document, value: this.#policy.parse(url, document.body), isStored: true }
      this.#copies.set(url, copy)
      return copy
    } catch {
      // The rules have changed since.
      return undefined
    }
  }

  /** One at a time for each document: who comes meanwhile waits for the same answer. */
  #load(url: string, copy: KeptDocument<T> | undefined, maxAgeSeconds?: number): Promise<KeptDocument<T>> {
    const flight = this.#flights.get(url)
    if (flight !== undefined) return this.#joined(flight, url, copy, maxAgeSeconds)
    const held = this.#heldOff(url)
    if (held !== undefined && copy === undefined) return Promise.reject(held)
    const failureMs = copy === undefined ? this.#options.failureMs : 0
    // Only the answer is delayed: the place for the fetch is free when the fetch ends.
    const started = failNoSooner(failureMs, () => this.#inPlace(url, copy, maxAgeSeconds), isCrowded).finally(() =>
      this.#flights.delete(url),
    )
    this.#flights.set(url, started)
    return started
  }

  /** Its first sender may lose its place in the queue. Then each of the other requests takes a turn. */
  async #joined(
    flight: Promise<KeptDocument<T>>,
    url: string,
    copy: KeptDocument<T> | undefined,
    maxAgeSeconds: number | undefined,
  ): Promise<KeptDocument<T>> {
    try {
      return await flight
    } catch (error) {
      if (!isCrowded(error)) throw error
      return this.#load(url, copy, maxAgeSeconds)
    }
  }

  async #inPlace(
    url: string,
    copy: KeptDocument<T> | undefined,
    maxAgeSeconds: number | undefined,
  ): Promise<KeptDocument<T>> {
    const address = this.#options.asker()
    const networks = address === undefined ? [] : clientNetworks(address).map(({ network }) => network)
    const sender: Sender = { networks }
    try {
      return await this.#queue.run(url, sender, () => this.#refresh(url, copy, maxAgeSeconds))
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error
      if (copy !== undefined) return copy
      throw new DocumentUnavailable(url, error)
    }
  }

  #heldOff(url: string): DocumentUnavailable | undefined {
    const failure = this.#failures.get(url)
    if (failure === undefined || failure.until <= this.#now()) return undefined
    return new DocumentUnavailable(url, failure.error)
  }

  /** A copy that another process fetched meanwhile, a new one from the host, or else the current one. */
  async #refresh(
    url: string,
    known: KeptDocument<T> | undefined,
    maxAgeSeconds: number | undefined,
  ): Promise<KeptDocument<T>> {
    const copy = known === undefined ? undefined : this.#later(known, await this.#inDatabase(url))
    const wantedAfter = maxAgeSeconds === undefined ? undefined : new Date(this.#now() - maxAgeSeconds * 1000)
    if (copy !== undefined && this.#isGood(copy, wantedAfter)) return copy
    if (copy !== undefined && this.#heldOff(url) !== undefined) return copy
    try {
      return await this.#ask(url, copy)
    } catch (error) {
      if (!(error instanceof UntrustedFetchError)) throw error
      // That it was we who were busy says nothing about the host.
      if (!(error instanceof UntrustedFetchBusyError)) {
        this.#failures.set(url, { until: this.#now() + holdOffSeconds * 1000, error })
      }
      if (copy === undefined) throw new DocumentUnavailable(url, error)
      this.#options.log.info({ err: error, url }, 'using the last good copy of a client document')
      return copy
    }
  }

  #later(known: KeptDocument<T>, stored: KeptDocument<T> | undefined): KeptDocument<T> {
    if (stored !== undefined && stored.fetchedAt >= known.fetchedAt) return stored
    this.#copies.set(known.url, known)
    return known
  }

  #isGood(copy: KeptDocument<T>, wantedAfter: Date | undefined): boolean {
    return wantedAfter === undefined ? copy.freshUntil.getTime() > this.#now() : copy.fetchedAt > wantedAfter
  }

  async #ask(url: string, copy: KeptDocument<T> | undefined): Promise<KeptDocument<T>> {
    const { kind, maxBytes, freshness, usableSeconds, parse } = this.#policy
    const { untrustedFetch, store, changed } = this.#options
    const request = { url, etag: copy?.etag, maxBytes, freshness, nowMs: this.#now() }
    const answer = await getJsonDocument(untrustedFetch, request)
    const body = answer.text ?? copy?.body ?? ''
    const now = this.#now()
    const document: ClientDocument = {
      url,
      body,
      fingerprint: hashSecret(body),
      etag: answer.etag,
      fetchedAt: new Date(now),
      freshUntil: new Date(now + answer.freshSeconds * 1000),
      usableUntil: new Date(now + usableSeconds * 1000),
    }
    const value = answer.text === undefined && copy !== undefined ? copy.value : parse(url, body)
    const isStored = await store.save(kind, document, copy?.isStored === true)
    const next = { ...document, value, isStored }
    this.#copies.set(url, next)
    if (isStored && copy !== undefined && copy.fingerprint !== document.fingerprint) changed(url)
    return next
  }
}
