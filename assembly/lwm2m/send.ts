// Send: the device tells values that nobody has asked for. LwM2M Core 6.4.6, 1.1.
//
//   objects.ssid = ssid; objects.beginPaths(Format.SenmlCbor, body, BODY_MAX); objects.addPath(path); ..; objects.endPaths();
//   send(now, endpoint, Format.SenmlCbor, body, objects.answerLen, mute);    the endpoint's Response says what became of it

import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, CoapOption, CoapType } from "../net/coap/fields";
import { Status } from "../board/index";
import { Format } from "./fields";

/** How long the server may take, once it has acknowledged. */
const ANSWER_MS: i32 = 60_000;

/**
 * Sends ptr..ptr+len, which stays as it is until the event Response. `mute`: resource 23 of the Server object, true when it is absent.
 * Ok; Denied when mute; Busy while another request of ours is under way.
 */
export function send(now: i64, endpoint: CoapEndpoint, format: Format, ptr: usize, len: i32, mute: bool): i32 {
  if (mute) return Status.Denied;
  if (!endpoint.idle) return Status.Busy;
  endpoint.request(CoapCode.Post).text(CoapOption.UriPath, "dp");
  return endpoint.send(now, CoapType.Con, format, -1, -1, ptr, len, ANSWER_MS);
}
