/**
 * A front for another authorization server, published as `gatehouse-issuer-front`: see front.ts. Programs outside this repository can
 * import only these names.
 */
export type { FetchFunction, VerifierClock } from '../resource-server/access-token.js'
export {
  createIssuerDiscovery,
  type IssuerDiscovery,
  type IssuerDiscoveryOptions,
} from '../resource-server/discovery.js'
export { createIssuerFront, type IssuerFront } from './front.js'
export { type ServeFrontOptions, serveFront } from './node.js'
export type { IssuerFrontOptions, UpstreamRegistration } from './options.js'
