/** A front for a foreign authorization server: see front.ts. */
export { createIssuerFront, type IssuerFront } from './front.js'
export { type ServeFrontOptions, serveFront } from './node.js'
export type { IssuerFrontOptions, UpstreamRegistration } from './options.js'
