// HTTP/1.1 client, RFC 9110 and 9112: codes and limits (fields.ts), writing a request (request.ts), parsing a response
// as it comes in (response.ts), and one exchange at a time over any `Net` with keep-alive (client.ts). The first three
// do no I/O and know no time; the last gets time as an argument. No TLS, no redirects, no upgrade, no content coding.

export { Method } from "./fields";
export { HttpRequest } from "./request";
export { HttpResponse, ResponseEvent } from "./response";
export { HttpClient } from "./client";
