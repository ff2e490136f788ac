/** Stops the run's shared cluster and removes its folder. */
export default function tearDown(): Promise<void>
