/** Shared constants of both servers for DPoP (RFC 9449). */

/** Accepted algorithms of proofs: asymmetric, with short keys, fast to verify (RFC 9449 §11.6). */
export const dpopProofAlgorithms = ['ES256', 'EdDSA', 'Ed25519'] as const

/** How far the `iat` of a proof may differ from now, in either direction; within this window a `jti` is accepted once (RFC 9449 §11.1). */
export const dpopProofWindowSeconds = 300
