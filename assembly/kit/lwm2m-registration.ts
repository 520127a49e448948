// A registration over the kit's CoAP endpoint.

import { Everything } from "../lwm2m/parts";
import { REGISTRATION_SIZE, Registration } from "../lwm2m/registration";
import { endpoint } from "./coap";

const registration = changetype<Registration<Everything>>(memory.data(REGISTRATION_SIZE, 8));
let name: Uint8Array = changetype<Uint8Array>(0);
let links: Uint8Array = changetype<Uint8Array>(0);

/** Begins anew over the endpoint as `coapBegin` has left it; Status. */
export function lwm2mRegistrationBegin(
  endpointName: Uint8Array,
  body: Uint8Array,
  lifetime: i32,
  version: i32,
  queue: bool,
): i32 {
  memory.fill(changetype<usize>(registration), 0, REGISTRATION_SIZE);
  name = endpointName;
  links = body;
  const status = registration.attach(endpoint, name.dataStart, name.length, links.dataStart, links.length);
  registration.lifetime = lifetime;
  registration.version = version;
  registration.queueMode = queue;
  return status;
}

/** Resources 17 to 20. */
export function lwm2mRegistrationRules(count: i32, timer: i32, delay: f64, sequences: i32): void {
  registration.retryCount = count;
  registration.retryTimer = timer;
  registration.sequenceDelay = <i64>delay;
  registration.sequenceCount = sequences;
}

/** 0 start, 1 update, 2 lifetime of `value` s, 3 other links (the body given), 4 stop, 5 pause of `value` s. */
export function lwm2mRegistrationDo(what: i32, now: f64, value: f64, body: Uint8Array): void {
  const at = <i64>now;
  if (what == 0) registration.start(at);
  else if (what == 1) registration.update(at);
  else if (what == 2) registration.setLifetime(at, <i32>value);
  else if (what == 3) {
    links = body;
    registration.setLinks(at, links.dataStart, links.length);
  } else if (what == 4) registration.stop(at);
  else registration.pause(at, <i64>value);
}

/** Takes an event of the endpoint; whether it was the registration's. */
export function lwm2mRegistrationAnswered(now: f64, event: i32): bool {
  return registration.answered(<i64>now, event);
}

export function lwm2mRegistrationStep(now: f64): void {
  registration.step(<i64>now);
}

export function lwm2mRegistrationDeadline(): f64 {
  return registration.deadline == i64.MAX_VALUE ? Infinity : <f64>registration.deadline;
}

/** State, failure, version, reconnect (read once). */
export function lwm2mRegistrationStatus(): Int32Array {
  const out = new Int32Array(4);
  out[0] = registration.state;
  out[1] = registration.failure;
  out[2] = registration.version;
  out[3] = registration.reconnect;
  registration.reconnect = false;
  return out;
}
