// OMA LwM2M 1.0 and 1.1, client side. Payloads value by value (reader.ts, reading.ts, writer.ts, senml-writer.ts, with tlv-reader.ts, senml-json.ts,
// senml-cbor.ts, value.ts, number.ts; parts.ts says which of them an app has), CoRE links (link.ts); what a server does with objects
// that the app declares by tables (objects.ts, model/, table.ts, join.ts, attributes.ts), what it observes (observe.ts), what the device
// tells by itself (send.ts); a registration with one server (registration.ts); the accounts that a device keeps (account.ts, accounts.ts,
// managed.ts) and the bootstrap that brings them (bootstrap.ts); the way to a server (channel.ts); and all of it together (client.ts,
// session.ts). Not here: CoAP and DTLS, which are net/coap and net/dtls.

export { Accounts } from "./accounts";
export { Client, ClientState } from "./client";
export { Format, Type } from "./fields";
export { Everything, ForInventory, Usual } from "./parts";
export { Join, None } from "./join";
export { LinkReader } from "./link";
export { Right } from "./model/core";
export { Objects } from "./objects";
export { Observations } from "./observe";
export { Path } from "./path";
export { Reader } from "./reader";
export { Registration, RegistrationState } from "./registration";
export { send } from "./send";
export { Access, ObjectTable, Of } from "./table";
export { Value } from "./value";
export { Writer } from "./writer";
