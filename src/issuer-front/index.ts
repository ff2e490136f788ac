/** A front for a foreign authorization server, published as `gatehouse-issuer-front`: see front.ts. These names are all that others can import. */
export type { FetchFunction, VerifierClock } from '../resource-server/access-token.js'
export {
  createIssuerDiscovery,
  type IssuerDiscovery,
  type IssuerDiscoveryOptions,
} from '../resource-server/discovery.js'
export { createIssuerFront, type IssuerFront } from './front.js'
export { type ServeFrontOptions, serveFront } from './node.js'
export type { IssuerFrontOptions, UpstreamRegistration } from './options.js'
