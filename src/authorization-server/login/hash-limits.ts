/** Passwords that are hashed or wait for it on one machine: FairQueueOptions. Apart from the hasher, which loads native code. */
export const hashLimits = { concurrency: 2, queueLimit: 64, perSender: 16 } as const
