// Models of the objects that every platform knows. What stands in the tables below was read off the registry's XML by hand, not out of
// host/lwm2m/objects-*.ts.
import { describe, expect, it } from 'vitest';
import { BOOTSTRAP_OBJECTS, DEFAULT_MODELS, Models, parsePath } from '../../host/lwm2m/index.js';

const models = new Models();
const at = (path: string) => models.resource(parsePath(path) ?? []);

describe('objects of the registry', () => {
  it.each([
    ['3', '1.2', 'Device', false, true, 23],
    ['5', '1.2', 'Firmware Update', false, false, 14],
    ['9', '1.0', 'LWM2M Software Management', true, false, 19],
    ['11', '1.1', 'LWM2M APN Connection Profile', true, false, 34],
    ['12', '1.1', 'WLAN connectivity', true, false, 49],
    ['13', '1.1', 'LWM2M Bearer Selection', false, false, 13],
    ['15', '2.0', 'DevCapMgmt', true, false, 8],
    ['20', '2.1', 'Event Log', true, false, 8],
    ['21', '2.0', 'LWM2M OSCORE', true, false, 7],
    ['22', '1.1', 'Virtual Observe Notify', true, false, 7],
    ['3200', '1.1', 'Digital Input', true, false, 10],
    ['3303', '1.1', 'Temperature', true, false, 12],
    ['3334', '1.1', 'Gyrometer', true, false, 18],
    ['3350', '1.1', 'Stopwatch', true, false, 8],
  ])('/%s, version %s', (id, version, name, multiple, mandatory, count) => {
    const { resources, ...object } = models.object(Number(id)) ?? { resources: [] };
    expect(object).toEqual({ id: Number(id), version, name, multiple, mandatory });
    expect(resources.length).toBe(count);
  });

  it.each([
    ['/0/0/5', 'Secret Key', 'opaque', '', false, true],
    ['/0/0/26', 'MQTT Server', 'objlnk', '', false, false],
    ['/3/0/13', 'Current Time', 'time', 'RW', false, false],
    ['/8/0/2', 'Wipe item', 'string', 'R', true, false],
    ['/8/0/5', 'Lock or Wipe Operation Result', 'integer', 'R', false, true],
    ['/9/0/5', 'Checkpoint', 'objlnk', 'R', false, false],
    ['/10/0/4', 'PSM Timer', 'integer', 'RW', false, false],
    ['/10/0/5', 'Active Timer', 'integer', 'RW', false, false],
    ['/10/0/6', 'Serving PLMN Rate control', 'integer', 'R', false, false],
    ['/10/0/14', 'Release Assistance Indication Usage', 'unsigned', 'RW', false, false],
    ['/11/0/22', 'Vendor specific extensions', 'objlnk', 'R', false, false],
    ['/12/0/11', 'Supported Channels', 'integer', 'RW', true, false],
    ['/13/0/9', 'Vendor specific extensions', 'objlnk', 'R', false, false],
    ['/15/0/6', 'opDisable', undefined, 'E', false, true],
    ['/22/0/0', 'ObserveLinks', 'string', 'RW', true, true],
    ['/3200/0/5500', 'Digital Input State', 'boolean', 'R', false, true],
    ['/3303/0/5700', 'Sensor Value', 'float', 'R', false, true],
    ['/3303/0/5605', 'Reset Min and Max Measured Values', undefined, 'E', false, false],
    ['/3336/0/6051', 'Numeric Latitude', 'float', 'R', false, true],
    ['/3336/0/5514', 'Latitude', 'string', 'R', false, false],
    ['/3349/0/5912', 'Element Description', 'string', 'RW', true, false],
    ['/3442/0/180', 'CoreLnk Value', 'string', 'RW', false, false],
  ])('%s %s', (path, name, type, operations, multiple, mandatory) => {
    const id = parsePath(path)?.[2];
    expect(at(path)).toEqual({ id, name, type, operations, multiple, mandatory });
  });

  it('are there from 0 to 28 but for 17 and 18, and the IPSO objects from 3200 to 3203 and 3300 to 3350', () => {
    const ids = DEFAULT_MODELS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id < 100)).toEqual(
      Array.from({ length: 29 }, (_, id) => id).filter((id) => id !== 17 && id !== 18),
    );
    expect(ids.filter((id) => id >= 3200 && id < 3300)).toEqual([3200, 3201, 3202, 3203]);
    // 3307 and 3309 were never given out.
    expect(ids.filter((id) => id >= 3300 && id <= 3350).length).toBe(49);
  });

  it('are sound: what is executed has no type, all else has one; ids rise', () => {
    for (const { id, resources } of DEFAULT_MODELS) {
      for (const { type, operations, name } of resources) {
        expect([id, name, type === undefined]).toEqual([id, name, operations === 'E']);
        expect(operations).toMatch(/^(R?W?|E)$/);
        expect(name).not.toBe('');
      }
      const ids = resources.map((resource) => resource.id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    }
  });

  it('those of keys are for bootstrap servers alone', () => {
    expect([...BOOTSTRAP_OBJECTS]).toEqual([0, 21, 23]);
  });
});
