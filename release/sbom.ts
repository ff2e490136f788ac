/** The bill of materials (CycloneDX), as npm makes it of the lock file, without what differs from run to run. */
import { z } from 'zod'

const billSchema = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ name: z.string() }) }),
  components: z.array(
    z.looseObject({
      'bom-ref': z.string(),
      properties: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
    }),
  ),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
})

const byKey =
  <Item>(key: (item: Item) => string) =>
  (left: Item, right: Item) =>
    key(left) < key(right) ? -1 : 1

const forDevelopment = 'cdx:npm:package:development'

/**
 * `made`: what `npm sbom` printed, with the packages for development, which are left out here: npm's own `--omit dev` leaves out `jose`
 * and seventy others that workspaces have too. `moment`: of the commit, ISO 8601. Equal input gives
 * equal bytes.
 */
export function billOfMaterials(made: string, name: string, moment: string): string {
  const { serialNumber: _random, ...bill } = billSchema.parse(JSON.parse(made))
  const components = bill.components.filter(
    ({ properties = [] }) => !properties.some(({ name: property }) => property === forDevelopment),
  )
  const kept = new Set([bill.dependencies[0]?.ref, ...components.map((component) => component['bom-ref'])])
  const sorted = {
    ...bill,
    // npm calls it by the folder that it lies in.
    metadata: { ...bill.metadata, timestamp: moment, component: { ...bill.metadata.component, name } },
    components: components.sort(byKey((component) => component['bom-ref'])),
    dependencies: bill.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map((dependency) => ({ ...dependency, dependsOn: dependency.dependsOn.filter((ref) => kept.has(ref)).sort() }))
      .sort(byKey(({ ref }) => ref)),
  }
  return `${JSON.stringify(sorted, null, 2)}\n`
}
