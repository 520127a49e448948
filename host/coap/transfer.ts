// A request and its response whose bodies may be longer than a datagram (RFC 7959): Block1 on the way out, Block2 on the
// way back.

import { type Block, blockOption, blockSize, type CoapOption, findBlock, findUint, Option, szxFor } from './options.js';
import { CoapError, type CoapRequest, type CoapResponse, Method } from './types.js';

type Ask = (request: CoapRequest) => Promise<CoapResponse>;

/** How often a body whose state changed on the way is started again. */
const ATTEMPTS = 3;
const NOTHING = new Uint8Array();

export class Transfer {
  readonly #ask: Ask;
  readonly #bodyBytes: number;
  readonly #blockBytes: number;

  /** `bodyBytes`: of a response, at most. `blockBytes`: of a block of the request. */
  constructor(ask: Ask, bodyBytes: number, blockBytes: number) {
    this.#ask = ask;
    this.#bodyBytes = bodyBytes;
    this.#blockBytes = blockBytes;
  }

  async run(request: CoapRequest): Promise<CoapResponse> {
    const { payload = NOTHING, inBlocks = false } = request;
    const size = this.#sizeFor(request);
    const first = payload.length > size || inBlocks ? await this.#inBlocks(request, payload) : await this.#ask(request);
    return this.rest(request, first);
  }

  #sizeFor({ blockBytes = Infinity }: CoapRequest): number {
    return blockSize(szxFor(Math.max(16, Math.min(this.#blockBytes, blockBytes))));
  }

  /** What asks for a further block: the request without its body, unless that says what is fetched (RFC 8132 2.1) and is short. */
  #bodiless(request: CoapRequest): CoapRequest {
    const { method, payload = NOTHING } = request;
    return method === Method.Fetch && payload.length <= this.#sizeFor(request)
      ? request
      : { ...request, payload: NOTHING };
  }

  async #inBlocks(request: CoapRequest, payload: Uint8Array): Promise<CoapResponse> {
    let szx = szxFor(this.#sizeFor(request));
    let at = 0;
    for (;;) {
      const size = blockSize(szx);
      const block: Block = { num: at / size, more: at + size < payload.length, szx };
      const part = payload.subarray(at, at + size);
      const response = await this.#insist({
        ...withOption(request, blockOption(Option.Block1, block)),
        payload: part,
      });
      const theirs = findBlock(response.options, Option.Block1);
      const smaller = theirs !== undefined && theirs !== 'reserved' && theirs.szx < szx ? theirs.szx : undefined;
      if (response.code === '4.13' && smaller !== undefined && at === 0) {
        szx = smaller;
        continue;
      }
      // Whatever else it is, it is the answer to the whole.
      if (!block.more || response.code !== '2.31') return response;
      if (theirs === undefined || theirs === 'reserved' || theirs.num !== block.num) {
        throw new CoapError('malformed', `Block1 ${block.num} is not what was answered`);
      }
      at += part.length;
      szx = smaller ?? szx;
      request.progress?.(at);
    }
  }

  /** A long body should not fail because of one block; who takes it may know the block that came last. */
  async #insist(request: CoapRequest): Promise<CoapResponse> {
    for (let left = request.repeats ?? 0; ; left--) {
      try {
        return await this.#ask(request);
      } catch (error) {
        if (!(error instanceof CoapError) || left <= 0) throw error;
        if (error.code !== 'timeout' && error.code !== 'acknowledged') throw error;
      }
    }
  }

  /** The response with all of its body. */
  async rest(request: CoapRequest, first: CoapResponse): Promise<CoapResponse> {
    let begun = first;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const block = findBlock(begun.options, Option.Block2);
      if (block === undefined || block === 'reserved' || !block.more) return begun;
      const whole = await this.#collect(request, begun, block);
      if (whole !== undefined) return whole;
      // The state changed meanwhile: once more from the beginning.
      begun = await this.#ask(this.#bodiless(request));
    }
    throw new CoapError('malformed', 'the body changes faster than it can be read');
  }

  async #collect(request: CoapRequest, first: CoapResponse, start: Block): Promise<CoapResponse | undefined> {
    if (start.num !== 0 || (findUint(first.options, Option.Size2) ?? 0) > this.#bodyBytes) {
      throw new CoapError('malformed', 'a body that is too long, or without its beginning');
    }
    const tag = etagOf(first);
    const parts: Uint8Array[] = [first.payload];
    let { szx } = start;
    let size = first.payload.length;
    const asked = this.#bodiless(request);
    for (let more = true; more;) {
      if (size % blockSize(szx) !== 0) throw new CoapError('malformed', 'a block in the middle is not full');
      const wanted = { num: size / blockSize(szx), more: false, szx };
      const response = await this.#ask(withOption(asked, blockOption(Option.Block2, wanted)));
      const block = findBlock(response.options, Option.Block2);
      if (!response.code.startsWith('2.')) return response;
      if (etagOf(response) !== tag) return undefined;
      if (block === undefined || block === 'reserved' || block.num * blockSize(block.szx) !== size) {
        throw new CoapError('malformed', `Block2 ${wanted.num} is not what was answered`);
      }
      parts.push(response.payload);
      size += response.payload.length;
      if (size > this.#bodyBytes) throw new CoapError('malformed', `more than ${this.#bodyBytes} bytes`);
      ({ more, szx } = block);
    }
    return { ...first, payload: Buffer.concat(parts) };
  }
}

const etagOf = ({ options }: CoapResponse): string =>
  options
    .filter(({ number }) => number === Option.ETag)
    .map(({ value }) => Buffer.from(value).toString('hex'))
    .join();

const withOption = (request: CoapRequest, option: CoapOption): CoapRequest => ({
  ...request,
  options: [...(request.options ?? []), option],
});
