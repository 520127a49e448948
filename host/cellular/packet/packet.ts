/** What crosses a PDN connection. Sizes of headers are counted, their bytes are not made. */
export type Packet =
  | {
      readonly kind: 'tcp';
      readonly connection: number;
      /** Where it goes to: known to the side that has no such connection. */
      readonly address: string;
      readonly port: number;
      readonly segment: Segment;
    }
  | {
      readonly kind: 'udp';
      readonly socket: number;
      readonly ip: string;
      readonly port: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: 'dns'; readonly id: number; readonly name: string; readonly answer?: readonly string[] }
  /** What came up belongs to no bearer that the gateway knows (Error Indication, TS 29.281 7.3.1). */
  | { readonly kind: 'error-indication' };

/** TCP in terms of its standard (RFC 9293 3.1), with sequence numbers that count from 0 and never wrap. */
export interface Segment {
  readonly flags: 'syn' | 'syn-ack' | 'ack' | 'fin' | 'rst';
  readonly seq: number;
  readonly ack: number;
  /** Free room at the sender of this segment. */
  readonly window: number;
  readonly data: Uint8Array;
}

const IP_HEADER = 20;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
const DNS_FIXED = 18;

/** Bytes on the air. */
export function sizeOf(packet: Packet): number {
  switch (packet.kind) {
    case 'tcp':
      return IP_HEADER + TCP_HEADER + packet.segment.data.length;
    case 'udp':
      return IP_HEADER + UDP_HEADER + packet.data.length;
    case 'error-indication':
      return IP_HEADER + UDP_HEADER;
    case 'dns':
      return IP_HEADER + UDP_HEADER + DNS_FIXED + packet.name.length + 16 * (packet.answer?.length ?? 0);
  }
}
