/**
 * Milliseconds of processor time that this process spends until `work` has ended: how much is computed, whatever else the machine does
 * meanwhile. For limits on work, which a clock on the wall would miss on a busy machine.
 */
export async function cpuMilliseconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
