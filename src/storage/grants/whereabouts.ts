/** Where a person was. */
export interface Whereabouts {
  /** Such as `Windows, Firefox`; `undefined` if nothing is known. */
  readonly device: string | undefined
  /** The address, of IPv6 its /64; `undefined` if addresses do not tell senders apart. */
  readonly network: string | undefined
}
