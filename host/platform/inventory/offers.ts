// What devices may fetch: the image that was offered to a device, for that device alone, as long as its update is under way. Who asks is
// told by the association (coaps) or by the session (coap, whose SIM had the key that the device is registered with).

export interface Offer {
  readonly deviceId: string;
  readonly operatorId: string;
  /** In the scope `private` of Harvest Files. */
  readonly path: string;
  /** Of the file as it was offered: what is put there later is another image. */
  readonly etag: string;
  /** Of the SIM in whose sessions it is to be had; undefined: over the device's association only. */
  readonly imsi?: string | undefined;
}

/** Who asks for an image. */
export type Fetcher = { readonly deviceId: string } | { readonly operatorId: string; readonly imsi: string };

export class Offers {
  /** By device: one at a time. */
  readonly #open = new Map<string, Offer>();

  get devices(): readonly string[] {
    return [...this.#open.keys()];
  }

  get(deviceId: string): Offer | undefined {
    return this.#open.get(deviceId);
  }

  /** In the place of what was offered to the device before. */
  begin(offer: Offer): void {
    this.#open.set(offer.deviceId, offer);
  }

  /** The update is over, or will not be. */
  end(deviceId: string): void {
    this.#open.delete(deviceId);
  }

  /** What was offered to this one at this path, segment by segment. */
  find(fetcher: Fetcher, segments: readonly string[]): Offer | undefined {
    const named = ({ path }: Offer): boolean => {
      const own = path.split('/').slice(1);
      return own.length === segments.length && own.every((segment, i) => segment === segments[i]);
    };
    if ('deviceId' in fetcher) {
      const found = this.#open.get(fetcher.deviceId);
      return found !== undefined && found.imsi === undefined && named(found) ? found : undefined;
    }
    for (const offer of this.#open.values()) {
      if (offer.imsi === fetcher.imsi && offer.operatorId === fetcher.operatorId && named(offer)) return offer;
    }
    return undefined;
  }

  clear(): void {
    this.#open.clear();
  }
}
