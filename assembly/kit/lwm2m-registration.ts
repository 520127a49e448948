// A registration over the kit's CoAP endpoint.

import { Server, ServerResource } from "../lwm2m/account";
import { EndpointName } from "../lwm2m/endpoint-name";
import { Everything } from "../lwm2m/parts";
import { Registration } from "../lwm2m/registration";
import { clear, place } from "../place";
import { endpoint } from "./coap";

const registration = place<Registration<Everything>>();
const server = place<Server>();
const name = place<EndpointName>();
let links: Uint8Array = changetype<Uint8Array>(0);
/** Of the last call that told it. */
let time: i64 = 0;

/** Starts again over the endpoint as `coapBegin` has left it; Status. */
export function lwm2mRegistrationBegin(
  endpointName: Uint8Array,
  body: Uint8Array,
  lifetime: i32,
  version: i32,
  queue: bool,
): i32 {
  clear(registration);
  clear(server);
  links = body;
  server.put(ServerResource.Lifetime, lifetime);
  // "UQ", the first in the lowest byte.
  if (queue) server.put(ServerResource.Binding, 0x5155);
  registration.attach(endpoint, name, server, version);
  registration.setLinks(links.dataStart, links.length);
  registration.link(0, true);
  return name.set(endpointName.dataStart, endpointName.length);
}

/** Resources 17 to 20. */
export function lwm2mRegistrationRules(count: i32, timer: i32, delay: f64, sequences: i32): void {
  server.put(ServerResource.RetryCount, count);
  server.put(ServerResource.RetryTimer, timer);
  server.put(ServerResource.SequenceDelay, <i64>delay);
  server.put(ServerResource.SequenceCount, sequences);
}

/** 0 start, 1 update, 2 lifetime of `value` s, 3 other links (the body given), 4 stop, 5 pause of `value` s. */
export function lwm2mRegistrationDo(what: i32, now: f64, value: f64, body: Uint8Array): void {
  time = <i64>now;
  if (what == 0) registration.start(time);
  else if (what == 1) registration.update(time);
  else if (what == 2) server.put(ServerResource.Lifetime, <i64>value);
  else if (what == 3) {
    links = body;
    registration.setLinks(links.dataStart, links.length);
  } else if (what == 4) registration.stop(time);
  else registration.pause(time, <i64>value);
  registration.step(time);
}

/** Takes an event of the endpoint; whether it was the registration's. */
export function lwm2mRegistrationAnswered(now: f64, event: i32): bool {
  time = <i64>now;
  return registration.answered(time, event);
}

export function lwm2mRegistrationStep(now: f64): void {
  time = <i64>now;
  registration.step(time);
}

export function lwm2mRegistrationDeadline(): f64 {
  return registration.deadline == i64.MAX_VALUE ? Infinity : <f64>registration.deadline;
}

/** State, failure, version, reconnect (read once: then there is another session). */
export function lwm2mRegistrationStatus(): Int32Array {
  const out = new Int32Array(4);
  out[0] = registration.state;
  out[1] = registration.failure;
  out[2] = registration.version;
  out[3] = registration.reconnect;
  if (registration.reconnect) registration.link(time, false);
  registration.reconnect = false;
  return out;
}
