// The commands for Quectel's contexts (BG95 TCP/IP Application Note): a driver has one, number 1.

import { Fields, Text } from "../../util/text";

/** Writes the command that gives context 1 its access point `A` (driver.ts), with PAP where it has a user. */
export function writeAccessPoint<A>(text: Text): void {
  const point = changetype<A>(0);
  text.str('AT+QICSGP=1,1,"').str(point.apn);
  if (isDefined(point.user)) text.str('","').str(point.user).str('","').str(point.password).str('",1');
  else text.str('"');
}

/** `+QIACT: ctx,state,type,"ip"`. */
export function isContextActive(fields: Fields): bool {
  return fields.num() == 1 && fields.num() == 1;
}
