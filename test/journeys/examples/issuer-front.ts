/** A front for a foreign authorization server, in Express. The manual quotes this file. */
import express from 'express'
import {
  createIssuerDiscovery,
  createIssuerFront,
  type FetchFunction,
  serveFront,
} from '../../../src/issuer-front/index.js'

const clock = { now: () => new Date() }

/** `secret`: 32 random bytes in base64url, the same for all replicas. */
export function createApp(secret: string, fetch: FetchFunction = globalThis.fetch) {
  const front = createIssuerFront({
    issuer: 'https://mcp.example.com', // named as authorization server in the resource's metadata
    upstream: createIssuerDiscovery({ issuer: 'https://login.example.com', fetch, clock }),
    registration: { url: 'http://hydra:4445/admin/clients', members: { scope: 'notes:read notes:write' } },
    secret,
    fetch,
    clock,
  })
  return express().use(serveFront(front)) // or createServer(serveFront(front))
}
