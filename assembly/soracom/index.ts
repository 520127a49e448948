// Clients of the platform's services, and what they share. A class that an app does not use is not in its binary.

export { Soracom } from "./access-point";
export { BeamClient } from "./beam";
export { BeamTcp, BeamUdp } from "./beam-message";
export { BeamStream, StreamState } from "./beam-stream";
export { EndorseClient } from "./endorse";
export { FunkHttp, FunkTcp, FunkUdp } from "./funk";
export { FunnelHttp, FunnelTcp, FunnelUdp } from "./funnel";
export { HarvestHttp, HarvestTcp, HarvestUdp } from "./harvest-data";
export { FilesClient } from "./harvest-files";
export { HttpService } from "./http-service";
export { MetadataClient } from "./metadata";
export { Outbox } from "./outbox";
export { Outcome, logOutcome } from "./outcome";
export { UnifiedHttp, UnifiedTcp, UnifiedUdp } from "./unified";
