/** The doctor with a network for tests: every name leads to this machine. */

import { systemClock } from '../../src/base/clock.js'
import { createDiagnosticNetwork, type DiagnosticNetwork } from '../../src/doctor/diagnostic-network.js'
import { type Diagnosis, diagnose } from '../../src/doctor/doctor.js'
import type { Problem } from '../../src/doctor/finding.js'

export interface ExaminationOptions {
  /** Certificate authority to trust, in PEM. */
  readonly ca?: string | undefined
  readonly change?: (network: DiagnosticNetwork) => DiagnosticNetwork
}

export async function examine(url: string, { ca, change }: ExaminationOptions = {}): Promise<Diagnosis> {
  const network = createDiagnosticNetwork({
    startUrl: url,
    timeoutMs: 5_000,
    maxBytes: 262_144,
    clock: systemClock,
    userAgent: 'gatehouse-doctor/test',
    ca,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  try {
    const diagnosis = await diagnose(url, change?.(network) ?? network, systemClock)
    if ('silence' in diagnosis) throw new Error(`silence: ${diagnosis.detail}`)
    return diagnosis
  } finally {
    await network.close()
  }
}

export function problemsOf(diagnosis: Diagnosis): Problem[] {
  return diagnosis.groups.flatMap(({ checks }) => checks.flatMap((check) => check.problems))
}
