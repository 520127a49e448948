import { type DedicatedFile, standardFiles } from '../../host/sim/files.js';
import type { SimProfile } from '../../host/sim/profile.js';

const FID_UST = 0x6f38;

/** The standard files, with services of the USIM service table (TS 31.102 4.2.8) put in or taken out. */
export function filesWithServices(profile: SimProfile, services: Readonly<Record<number, boolean>>): DedicatedFile {
  const changed = (df: DedicatedFile): DedicatedFile => ({
    ...df,
    files: df.files.map((file) => {
      if (file.fid !== FID_UST || !(file.content instanceof Uint8Array)) return file;
      const content = file.content.slice();
      for (const [service, on] of Object.entries(services)) {
        const n = Number(service) - 1;
        const bit = 1 << (n & 7);
        content[n >> 3] = ((content[n >> 3] as number) & ~bit) | (on ? bit : 0);
      }
      return { ...file, content };
    }),
    folders: df.folders.map(changed),
  });
  return changed(standardFiles(profile));
}
