/** What both servers agree on about DPoP (RFC 9449). */

/** Algorithms of proofs that are accepted: asymmetric, short keys, quick to verify (RFC 9449 §11.6). */
export const dpopProofAlgorithms = ['ES256', 'EdDSA', 'Ed25519'] as const

/** How far the `iat` of a proof may lie from now, either way; within it a `jti` is good once (RFC 9449 §11.1). */
export const dpopProofWindowSeconds = 300
