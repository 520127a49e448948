/** Between one program, which sends to `port` of 127.0.0.1, and a server, which hears it from `from`. Close it. */
export declare class UdpRelay {
  static open(to: { readonly host: string; readonly port: number }, from?: string): Promise<UdpRelay>;
  /** What has passed, from and to the server's port. */
  readonly datagrams: readonly { readonly from: number; readonly to: number; readonly bytes: Buffer }[];
  get port(): number;
  /** From now on the server hears it from another port. What it still sends to the one before passes. */
  rebind(): Promise<void>;
  close(): void;
}
