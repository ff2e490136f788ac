/** A front for a foreign authorization server: see front.ts. */
export { createIssuerFront, type IssuerFront } from './front.js'
export { serveFront } from './node.js'
export type { IssuerFrontOptions, UpstreamRegistration } from './options.js'
