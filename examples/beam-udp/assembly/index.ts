// A reading in one datagram of four bytes: number (16 bits) and tenths of a degree (16 bits, signed), most significant
// byte first. SORACOM Beam's UDP entry point turns it into JSON by the group's Binary Parser format and posts it to the
// customer's HTTPS server; `200` comes back in a datagram.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { BeamUdp, Soracom, logOutcome } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { logText } from "akari/util/log";

const minute = place<Every>();
const beam = place<BeamUdp<Bg95<Soracom>>>();
const modem = place<Bg95<Soracom>>();

export function setup(): void {
  logText(LogLevel.Info, "beam-udp: started");
  modem.begin(0, 115_200); // UART port and bit rate
  beam.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  logOutcome("beam", beam.step(now), beam.seq, beam.code);
  if (minute.isDue(now, 60_000, modem.ready && beam.idle)) {
    // Channel 0 is a TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    const tenths = adc_read(0) - 500;
    beam.send(now, beam.compose().be16(beam.seq).be16(tenths));
  }
  return sleepUntil(now, modem.deadline, beam.deadline, minute.deadline);
}
